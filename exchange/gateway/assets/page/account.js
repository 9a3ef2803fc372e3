// The account drawer: balances, open orders, a new order. The token lives in this object and nowhere else.

class Account {
  constructor(stream) {
    this.stream = stream;
    this.panel = byId("account");
    this.message = byId("account-message");
    byId("account-button").addEventListener("click", () => this.show(this.panel.hidden));
    byId("account-close").addEventListener("click", () => this.show(false));
    this.panel.addEventListener("keydown", (event) => event.key === "Escape" && this.show(false));
    byId("token-form").addEventListener("submit", (event) => this.submit(event, () => this.open()));
    byId("order-form").addEventListener("submit", (event) => this.submit(event, () => this.order()));
    byId("order-form").addEventListener("change", () => this.shape());
    byId("forget").addEventListener("click", () => this.forget());
    this.forget();
  }

  show(visible) {
    this.panel.hidden = !visible;
    // On a desk the rest of the page makes room.
    document.body.classList.toggle("with-drawer", visible);
    const button = byId("account-button");
    button.setAttribute("aria-expanded", String(visible));
    byId("book").classList.toggle("pickable", visible && this.token !== null);
    if (visible) (this.token ? byId("order-price") : byId("token")).focus();
    else button.focus();
  }

  async submit(event, work) {
    event.preventDefault();
    const button = event.target.querySelector("button[type=submit]");
    button.disabled = true;
    this.tell("");
    try {
      await work();
    } catch (error) {
      this.tell(error.message, "bad");
    } finally {
      button.disabled = false;
    }
  }

  // The account that a token speaks for is said in its middle part; whether that is true is the exchange's to judge.
  accountOf(token) {
    try {
      const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
      return JSON.parse(atob(claims)).sub;
    } catch {
      throw new Error("This is not a token.");
    }
  }

  async open() {
    const token = byId("token").value.trim();
    this.account = this.accountOf(token);
    this.token = token;
    try {
      await this.refresh();
    } catch (error) {
      this.token = null;
      throw error;
    }
    byId("token").value = "";
    this.stream.token = token;
    this.stream.send({ op: "authenticate", token });
    this.stream.subscribe({ channel: "orders" });
    setText(byId("account-name"), this.account);
    byId("token-form").hidden = true;
    byId("account-body").hidden = false;
    byId("book").classList.add("pickable");
    byId("order-price").focus();
  }

  forget() {
    const known = this.token;
    this.token = null;
    this.stream.token = null;
    this.stream.unsubscribe("orders");
    setText(byId("account-name"), "");
    byId("token-form").hidden = false;
    byId("account-body").hidden = true;
    byId("book").classList.remove("pickable");
    byId("balances").replaceChildren();
    byId("orders").replaceChildren();
    // The connection was the account's; the next one is nobody's.
    if (known) this.stream.socket?.close();
    this.tell("");
  }

  setMarket(market) {
    this.market = market;
    this.shape();
  }

  shape() {
    const side = new FormData(byId("order-form")).get("side");
    const verb = side === "buy" ? "Buy" : "Sell";
    setText(byId("order-submit"), this.market ? `${verb} ${this.market.base}` : verb);
    const isMarket = byId("order-type").value === "market";
    byId("price-label").hidden = isMarket;
    byId("order-price").required = !isMarket;
  }

  pick(price) {
    if (!this.panel.hidden && this.token) byId("order-price").value = price;
  }

  async order() {
    const type = byId("order-type").value;
    const order = {
      market: this.market.market,
      side: new FormData(byId("order-form")).get("side"),
      type,
      quantity: byId("order-quantity").value.trim(),
    };
    if (type !== "market") order.price = byId("order-price").value.trim();
    const answer = await this.ask("POST", "/v1/orders", order);
    this.tell(`Order ${answer.id} is ${String(answer.status).replace("-", " ")}.`);
    await this.refresh();
  }

  async cancel(order) {
    await this.ask("DELETE", `/v1/orders/${order}`);
    this.tell(`Order ${order} is cancelled.`);
    await this.refresh();
  }

  // Something of the account has changed; several changes in a row are looked at once.
  changed() {
    if (this.waiting || !this.token) return;
    this.waiting = setTimeout(() => {
      this.waiting = null;
      this.refresh().catch((error) => this.tell(error.message, "bad"));
    }, 1_500);
  }

  // The stream did not take something; without a token that is nobody's here.
  refused(error) {
    if (this.token) this.tell(error.detail ?? error.code, "bad");
  }

  async refresh() {
    const [account, orders] = await Promise.all([
      this.ask("GET", `/v1/accounts/${encodeURIComponent(this.account)}`),
      this.ask("GET", "/v1/orders?status=open&limit=50"),
    ]);
    const row = (...texts) => {
      const line = document.createElement("tr");
      for (const text of texts) line.insertCell().append(text);
      return line;
    };
    byId("balances").replaceChildren(
      ...account.balances.map(({ asset, available, reserved }) => row(asset, available, reserved)),
    );
    byId("orders").replaceChildren(...orders.orders.map((order) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Cancel";
      button.setAttribute("aria-label", `Cancel order ${order.id}`);
      button.addEventListener("click", () => {
        button.disabled = true;
        this.cancel(order.id).catch((error) => {
          button.disabled = false;
          this.tell(error.message, "bad");
        });
      });
      const line = row(`${order.side} ${order.market}`, order.price ?? "–", order.remaining, button);
      line.cells[0].className = order.side === "buy" ? "up" : "down";
      return line;
    }));
    byId("no-orders").hidden = orders.orders.length > 0;
  }

  async ask(method, path, body) {
    const headers = { authorization: `Bearer ${this.token}` };
    if (body) {
      headers["content-type"] = "application/json";
      // A repetition by the browser's own retry does not order twice.
      headers["idempotency-key"] = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    }
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    const json = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(json.detail ?? json.title ?? `The exchange answered ${response.status}.`);
    return json;
  }

  tell(text, kind = "") {
    setText(this.message, text);
    this.message.className = `message ${kind}`;
  }
}
