/**
 * What parlour.d.ts declares is what the SDK has: tsc fails here when one of them changes alone.
 * (An import of parlour.js or react.js is an import of the declarations; others are not.)
 */

import { Connection, Reason } from "../../../hub/web/sdk/connection/status.js";
import { ChannelsClient } from "../../../hub/web/sdk/dialects/learning_chat.js";
import { ParlourClient } from "../../../hub/web/sdk/dialects/private_messages.js";
import { CallFailed, ParlourError, UsageError } from "../../../hub/web/sdk/errors.js";
import { Kind, Status } from "../../../hub/web/sdk/messages/message.js";
import type * as hooks from "../../../hub/web/sdk/hooks.js";
import type * as declared from "../../../hub/web/sdk/parlour.js";
import type * as declaredHooks from "../../../hub/web/sdk/react.js";

type Same<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

/** The names of members that only one of two types has, or that differ. */
type Different<One, Other> = {
  [Name in keyof One | keyof Other]: Name extends keyof One & keyof Other
    ? Same<Pick<One, Name>, Pick<Other, Name>> extends true // `readonly` and `?` count
      ? never
      : Name
    : Name;
}[keyof One | keyof Other];

/** Of two classes. */
type DifferentClass<
  One extends new (
    ...args: never[]
  ) => unknown,
  Other extends new (
    ...args: never[]
  ) => unknown,
> =
  | Different<InstanceType<One>, InstanceType<Other>>
  | (Same<ConstructorParameters<One>, ConstructorParameters<Other>> extends true
      ? never
      : "constructor");

function none<Names extends never>(): Names | undefined {
  return undefined;
}

none<Different<typeof declaredHooks, typeof hooks>>();
none<Different<typeof declared.Connection, typeof Connection>>();
none<Different<typeof declared.Kind, typeof Kind>>();
none<Different<typeof declared.Status, typeof Status>>();
none<Different<typeof declared.Reason, typeof Reason>>();
none<DifferentClass<typeof declared.CallFailed, typeof CallFailed>>();
none<DifferentClass<typeof declared.ParlourError, typeof ParlourError>>();
none<DifferentClass<typeof declared.UsageError, typeof UsageError>>();
none<DifferentClass<typeof declared.ParlourClient, typeof ParlourClient>>();
none<DifferentClass<typeof declared.ChannelsClient, typeof ChannelsClient>>();
