// The connection: one WebSocket that comes back by itself, and what it is subscribed to.

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 10_000;
// The exchange says something at least this often when it is asked to.
const QUIET_MS = 4_000;
const DEAD_MS = 12_000;

class Stream {
  // `handle` gets every message, `said` the state of the connection.
  constructor({ handle, said }) {
    Object.assign(this, { handle, said });
    this.wanted = new Map();
    this.backoff = BACKOFF_FIRST_MS;
    this.token = null;
    setInterval(() => this.watch(), 1_000);
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = null;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/stream`);
    this.socket = socket;
    this.heard = Date.now();
    socket.addEventListener("open", () => {
      this.heard = Date.now();
      if (this.token) this.send({ op: "authenticate", token: this.token });
      for (const request of this.wanted.values()) this.send({ op: "subscribe", ...request });
    });
    socket.addEventListener("message", (event) => {
      this.heard = Date.now();
      this.backoff = BACKOFF_FIRST_MS;
      this.say("live");
      this.handle(JSON.parse(event.data));
    });
    socket.addEventListener("close", () => this.socket === socket && this.lost());
  }

  lost() {
    this.socket = null;
    // Many pages that lose the same exchange do not come back in the same moment.
    const wait = this.backoff * (0.75 + Math.random() / 2);
    this.backoff = Math.min(this.backoff * 2, BACKOFF_MAX_MS);
    this.next = Date.now() + wait;
    this.timer = setTimeout(() => this.connect(), wait);
    this.watch();
  }

  // Comes back at once, where it would have waited.
  hurry() {
    if (this.timer) this.connect();
  }

  watch() {
    if (this.timer) {
      this.say("reconnecting", Math.max(1, Math.ceil((this.next - Date.now()) / 1_000)));
      return;
    }
    const quiet = Date.now() - this.heard;
    if (this.socket?.readyState === WebSocket.OPEN) {
      if (quiet > DEAD_MS) {
        const { socket } = this;
        this.lost();
        socket.close();
      } else if (quiet > QUIET_MS) this.say("stale");
      if (quiet > QUIET_MS / 2) this.send({ op: "ping" });
    } else if (quiet > DEAD_MS) {
      const { socket } = this;
      this.lost();
      socket?.close();
    }
  }

  say(state, seconds) {
    const text = { live: "Live", stale: "Stale", connecting: "Connecting", reconnecting: `Back in ${seconds} s` }[state];
    if (text !== this.text) this.said(state, text);
    this.text = text;
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  subscribe(request) {
    this.wanted.set(request.channel, request);
    this.send({ op: "subscribe", ...request });
  }

  unsubscribe(channel) {
    const request = this.wanted.get(channel);
    if (!request) return;
    this.wanted.delete(channel);
    this.send({ op: "unsubscribe", ...request });
  }

  // Subscribes anew, for a channel that begins with a snapshot.
  again(channel) {
    const request = this.wanted.get(channel);
    this.unsubscribe(channel);
    if (request) this.subscribe(request);
  }
}
