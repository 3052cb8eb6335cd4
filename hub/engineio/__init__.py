"""Engine.IO sessions on trio: polling, WebSocket, and the upgrade from one to the other."""
