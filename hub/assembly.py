"""Everything that runs once per server, wired together.

Guarantees: services start before the first connection and stop after the last one; if one of them
fails, all of them end, because a server that is half alive loses messages quietly.
Must not know: sockets, which store it is.
"""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version

import structlog
import trio
from attrs import define, field, frozen

from hub.actor.hub import Hub
from hub.actor.listeners import RoomListeners
from hub.cluster.elsewhere import NOWHERE, Announcer, Elsewhere
from hub.cluster.node import Cluster
from hub.cluster.siblings import ALONE, Siblings
from hub.cluster.signing import KEY, SignedBus
from hub.files.collector import FileCollector
from hub.files.pictures import Pictures
from hub.files.uploads import UploadFiles
from hub.http.visitors import Visitors
from hub.identity.address_hook import AddressHook
from hub.identity.authentication import Authenticator, signing_secrets
from hub.identity.browsers import Browsers
from hub.identity.cookies import COOKIE as TOKEN_COOKIE
from hub.identity.foreign_logins import ForeignLogins
from hub.identity.jwt_tokens import TokenVerifier
from hub.identity.live_sessions import LiveSessions
from hub.identity.oidc.attempt import Attempts
from hub.identity.oidc.fetching import Fetching
from hub.identity.oidc.provider import CALLBACK, Client, Provider
from hub.identity.passwords import PasswordHasher
from hub.identity.renewal import Renewals, purge_sessions
from hub.identity.session_cache import SessionCache
from hub.identity.tickets import Tickets
from hub.limits.attempts import LocalAttempts
from hub.limits.guesses import Guesses
from hub.limits.pace import Paces
from hub.limits.quotas import DAY, HOUR, MINUTE, Allowance, Kind, Quotas
from hub.limits.tokens import TokenGuesses
from hub.metrics import Metrics
from hub.services.asker import Outcomes
from hub.services.assistant.assistant import Assistant
from hub.services.assistant.language_model import LanguageModel
from hub.services.channels import Channels
from hub.services.commands import Commands
from hub.services.company.from_elsewhere import FromElsewhere
from hub.services.finding.indexing import Indexing
from hub.services.missed_revisions import MissedRevisions
from hub.services.notes import Notes
from hub.services.people.retention import Retention
from hub.services.posting.inbox import Inbox
from hub.services.posting.log_watch import LogWatch, begin_log
from hub.services.posting.messaging import Messaging
from hub.services.posting.sequencer import Sequencer
from hub.services.presence.arrivals import Arrivals
from hub.services.presence.channels import ChannelPresences
from hub.services.presence.users import Presence
from hub.services.receipts import Receipts
from hub.services.resume import Resume
from hub.services.revisions import Revisions
from hub.services.rights.changes import Changes
from hub.services.rights.introduction import Introductions
from hub.services.rights.pairs import Pairs
from hub.services.rights.questions import Questions
from hub.services.rights.revocation import Revocations
from hub.services.rights.sight import Sight
from hub.services.sending import Sending
from hub.services.typing.indicators import TypingIndicators
from hub.services.workspaces import Workspaces
from hub.settings.config import Config
from hub.settings.redaction import revealed
from hub.tracing.tracing import Tracing
from persistence.bus import Bus
from persistence.contents.revisions import RevisionRules
from persistence.interface import ForeignSessions, Store
from persistence.nodes import Node
from protocol.parsing.express_session import COOKIE as SIGNED_COOKIE

log = structlog.get_logger(__name__)

ENTRY_SECONDS = 900.0  # in which a link signs a guest of the demo in
HOLD_SECONDS = 0.05  # for which a gap may wait for a message that another node has stored
STRANGERS_BURST_SECONDS = 2  # one address may send the requests of so many seconds at once


@define
class Status:
    """The state of the server: `accepting` until it begins to stop; whether it wants to stop or is
    drained, so that load balancers choose another one; its URL, and when it started.
    """

    accepting: bool = True
    is_leaving: bool = False
    is_draining: bool = False  # by an operator's command
    url: str = ""
    since: datetime = field(factory=partial(datetime.now, UTC))


@frozen
class Services:
    """The services that connections and HTTP routes use."""

    config: Config
    store: Store
    hub: Hub
    announcer: Announcer
    from_elsewhere: FromElsewhere
    cluster: Cluster | None
    siblings: Siblings
    authenticator: Authenticator
    live_sessions: LiveSessions
    renewals: Renewals
    tokens: TokenVerifier = field(repr=False)
    messaging: Messaging
    log_watch: LogWatch
    presence: Presence
    arrivals: Arrivals
    workspaces: Workspaces
    completions: LanguageModel | None
    commands: Commands
    quotas: Quotas
    visitors: Visitors
    pictures: Pictures
    upload_files: UploadFiles
    resume: Resume
    passwords: PasswordHasher
    guesses: Guesses
    admin_attempts: TokenGuesses
    provider: Provider | None
    provider_sign_ins: Attempts
    entries: Tickets[str]
    address_hook: AddressHook | None
    browsers: Browsers
    status: Status
    metrics: Metrics
    tracing: Tracing | None
    session_cache: SessionCache
    files: FileCollector
    assistant: Assistant


@asynccontextmanager
async def open_services(  # noqa: PLR0913, PLR0915  one statement for each service
    config: Config,
    store: Store,
    upload_files: UploadFiles,
    *,
    passwords: PasswordHasher | None = None,
    foreign_sessions: ForeignSessions | None = None,
    tracing: Tracing | None = None,
    bus: Bus | None = None,
    siblings: Siblings = ALONE,
    node: Node | None = None,
) -> AsyncIterator[Services]:
    """Start the services over `store` and stop them on exit.

    Args:
        config: the settings.
        store: the log.
        upload_files: what people upload.
        passwords: hashes passwords; by default at the cost recommended for servers.
        foreign_sessions: the logins of an Express application on the same users.
        tracing: makes spans; None: there are none.
        bus: carries bulletins to other nodes; None: there are none.
        siblings: the other workers of the same parent.
        node: the hub as one of the nodes; by default without an address where others reach it.
    """
    cluster = None
    if bus is not None:
        key = await store.sessions.secret(KEY, secrets.token_urlsafe(32))
        signed = SignedBus(bus, key.encode())
        cluster = Cluster(node or new_node(config), signed, store, lambda: log_watch.epoch)
        await cluster.join()
    elsewhere: Elsewhere = NOWHERE if cluster is None else cluster.publisher
    presence = Presence(
        store.relations,
        store.workspaces,
        rule=config.presence_audience,
        grace=config.presence_grace,
        elsewhere=elsewhere,
    )
    rooms = RoomListeners()
    hub = Hub(presence.note, rooms, siblings.numbers())
    announcer = Announcer(hub, elsewhere)
    channel_presences = ChannelPresences(
        store.relations,
        presence.knows,
        hub.channel_of,
        grace=config.presence_grace,
        elsewhere=elsewhere,
    )
    arrivals = Arrivals(store.relations, presence, channel_presences, hub)
    channels = Channels(store.channels, hub, arrivals)
    typing = TypingIndicators(
        store.relations,
        store.channels,
        announcer,
        is_followed=hub.is_followed,
        expiry=config.typing_expiry,
    )
    rooms.listeners += (channel_presences, typing)
    log_watch = LogWatch(
        store.log, store.messages, hub, *await _begin_log(store, config.db_lanes, cluster)
    )
    messaging = Messaging(
        store.messages,
        hub,
        typing,
        log_watch,
        store.revisions,
        tracing=tracing,
        elsewhere=elsewhere,
    )
    notes = Notes(store.notes, store.messages, store.relations, announcer)
    receipts = Receipts(store.messages, announcer, notes)
    workspaces = Workspaces(
        store.workspaces,
        store.channels,
        store.accounts,
        announcer,
        arrivals,
        lambda: log_watch.epoch,
    )
    sight = Sight(presence, channel_presences, store.workspaces, hub)
    pairs = Pairs()
    revocations = Revocations(
        store.relations, channels, workspaces, typing, presence, sight, pairs, receipts, hub
    )
    introductions = Introductions(store.relations, workspaces, presence, sight, pairs, hub)
    changes = Changes(
        store.relations,
        store.health,
        hub,
        revocations.begin,
        introductions.begin,
        Questions(store.relations, store.invitations, pairs, hub).begin,
    )
    resume = Resume(
        store.channels,
        store.lists,
        store.messages,
        store.accounts,
        channels,
        log_watch,
        MissedRevisions(store.revisions, store.channels),
        notes,
        limit=config.resume_limit,
    )
    quotas = Quotas(
        allowances(config),
        config.user_frames_per_second,
        None if cluster is None else presence.nodes_of,
        elsewhere.spent,
    )
    from_elsewhere = FromElsewhere(
        "" if cluster is None else cluster.node.name,
        presence,
        channel_presences,
        typing,
        receipts,
        quotas,
        elsewhere,
        grace=config.presence_grace,
    )
    completions = _completions(config)
    assistant = Assistant(
        completions,
        messaging,
        store.messages,
        store.accounts,
        announcer,
        workers=config.assistant_concurrency,
    )
    tokens = TokenVerifier(
        revealed(config.jwt_secret)
        or await store.sessions.secret("jwt", secrets.token_urlsafe(32)),
        config.jwt_public_key,
        leeway=config.jwt_leeway,
        issuer=config.jwt_issuer,
        audience=config.jwt_audience,
    )
    foreign = _foreign_logins(foreign_sessions, store, config)
    session_cache = SessionCache()
    signing = await signing_secrets(
        [each.reveal() for each in config.session_secrets], store.sessions
    )
    authenticator = Authenticator(
        store.sessions,
        store.accounts,
        foreign,
        signing,
        tokens,
        session_cache,
    )
    live_sessions = LiveSessions(
        store.sessions, session_cache, foreign, config.session_recheck, hub
    )
    files = FileCollector(store.uploads, upload_files, config.upload_sweep)
    renewals = Renewals(
        store.sessions,
        session_cache,
        _lifetimes(config),
        timedelta(days=config.session_max_days),
    )
    outcomes: Outcomes = Counter()
    commands = Commands(
        accounts=store.accounts,
        messages=store.messages,
        relations=store.relations,
        sending=Sending(store.messages, store.relations, messaging, channels, assistant, outcomes),
        revisions=Revisions(
            store.accounts,
            store.revisions,
            messaging,
            files,
            RevisionRules(config.edit_seconds, config.keep_versions),
        ),
        typing=typing,
        receipts=receipts,
        notes=notes,
        channels=channels,
        workspaces=workspaces,
        resume=resume,
        outcomes=outcomes,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.run)
        nursery.start_soon(presence.run, hub)
        nursery.start_soon(typing.run)
        nursery.start_soon(channel_presences.run, hub)
        nursery.start_soon(arrivals.run)
        nursery.start_soon(notes.run)
        nursery.start_soon(messaging.run)
        if cluster is not None:
            nursery.start_soon(cluster.run, Inbox(messaging, hub), from_elsewhere, hub)
        nursery.start_soon(log_watch.run)
        nursery.start_soon(assistant.run)
        await nursery.start(changes.run)
        nursery.start_soon(authenticator.run)
        nursery.start_soon(files.run)
        nursery.start_soon(Retention(store.log, config.retention_days).run)
        nursery.start_soon(Indexing(store.search, config.search_languages).run)
        nursery.start_soon(live_sessions.run)
        nursery.start_soon(renewals.run)
        nursery.start_soon(purge_sessions, store.sessions)
        yield Services(
            config=config,
            store=store,
            hub=hub,
            announcer=announcer,
            from_elsewhere=from_elsewhere,
            cluster=cluster,
            siblings=siblings,
            authenticator=authenticator,
            live_sessions=live_sessions,
            renewals=renewals,
            tokens=tokens,
            messaging=messaging,
            log_watch=log_watch,
            presence=presence,
            arrivals=arrivals,
            workspaces=workspaces,
            completions=completions,
            commands=commands,
            quotas=quotas,
            visitors=Visitors(
                Paces(*strangers_pace(config)),
                config.trusted_proxies,
            ),
            pictures=Pictures(
                config.max_image_pixels, 2 * config.max_upload_bytes, config.image_workers
            ),
            upload_files=upload_files,
            resume=resume,
            passwords=passwords or PasswordHasher(),
            guesses=Guesses(
                LocalAttempts(trio.current_time) if bus is None else store.attempts,
                config.login_attempts,
                config.login_window,
                config.login_attempts_per_address,
            ),
            admin_attempts=TokenGuesses(
                config.login_attempts, config.login_window, trio.current_time()
            ),
            provider=_provider(config),
            provider_sign_ins=Attempts(signing),
            entries=Tickets(ENTRY_SECONDS),
            address_hook=_address_hook(config),
            browsers=Browsers(signing),
            status=Status(),
            metrics=Metrics(),
            tracing=tracing,
            session_cache=session_cache,
            files=files,
            assistant=assistant,
        )
        nursery.cancel_scope.cancel()


def new_node(config: Config) -> Node:
    """The hub as one of the nodes on its database, without an address."""
    name = config.node_name or f"n{secrets.token_hex(3)}"
    return Node(name, secrets.token_hex(8), None, version("parlour"))


async def _begin_log(
    store: Store, lanes: int, cluster: Cluster | None
) -> tuple[Sequence[Sequencer], str]:
    if cluster is None:
        return await begin_log(store, lanes=lanes)
    repair = cluster.repair
    return await begin_log(
        store, lanes=lanes, hold_seconds=HOLD_SECONDS, in_sync=lambda: repair.in_sync
    )


def _foreign_logins(
    sessions: ForeignSessions | None, store: Store, config: Config
) -> ForeignLogins | None:
    if sessions is None:
        return None
    return ForeignLogins(sessions, store.accounts, config.token_lifetime)


def _lifetimes(config: Config) -> Mapping[str, timedelta]:
    """How long a session lives from its last use, by the cookie that names it."""
    return {
        TOKEN_COOKIE: timedelta(days=config.session_days),
        SIGNED_COOKIE: timedelta(hours=config.platform_session_hours),
    }


def allowances(config: Config) -> Mapping[Kind, Allowance]:
    """The allowances of a user that are settings."""
    return {
        Kind.CONNECTIONS: Allowance(config.user_connections, None),
        Kind.MESSAGES: Allowance(config.user_messages_per_second, 1),
        Kind.TYPING: Allowance(config.user_typing_per_second, 1),
        Kind.UPLOADS: Allowance(config.user_uploads_per_minute, MINUTE),
        Kind.CONVERSATIONS: Allowance(config.user_conversations_per_hour, HOUR),
        Kind.CHANNELS: Allowance(config.user_channels_per_hour, HOUR),
        Kind.REVISIONS: Allowance(config.user_revisions_per_minute, MINUTE),
        Kind.REACTIONS: Allowance(config.user_reactions_per_minute, MINUTE),
        Kind.SEARCHES: Allowance(config.user_searches_per_minute, MINUTE),
        Kind.QUESTIONS: Allowance(config.user_questions_per_minute, MINUTE),
        Kind.QUESTIONS_A_DAY: Allowance(config.user_questions_per_day, DAY),
    }


def strangers_pace(config: Config) -> tuple[float, float]:
    """How fast requests of one address are taken, and how many at once."""
    rate = config.address_requests_per_second
    return rate, STRANGERS_BURST_SECONDS * rate


def _completions(config: Config) -> LanguageModel | None:
    if config.assistant_model is None:
        return None
    return LanguageModel(
        revealed(config.assistant_url),
        config.assistant_model,
        revealed(config.assistant_key),
        timeout=config.assistant_timeout,
        concurrency=config.assistant_concurrency,
        max_chars=config.max_content_chars,
    )


def _provider(config: Config) -> Provider | None:
    if config.oidc_issuer is None or config.oidc_client_id is None:
        return None
    client = Client(
        config.oidc_issuer,
        config.oidc_client_id,
        revealed(config.oidc_client_secret),
        config.oidc_scopes,
        f"{config.public_url}{CALLBACK.removeprefix('/')}",
    )
    return Provider(client, Fetching())


def _address_hook(config: Config) -> AddressHook | None:
    if config.email_hook is None or config.public_url is None:
        return None
    return AddressHook(config.email_hook, config.public_url)
