// The page: which market is shown, what comes for it, and drawing it at most once for each frame of the screen.

const TRADES_KEPT = 60;
// Messages about an account.
const PRIVATE = new Set(["order", "balance", "account"]);

const page = {
  markets: new Map(),
  market: null,
  interval: "1m",
  book: null,
  trades: [],
  statistics: null,
  dirty: false,
};

const redraw = () => {
  if (page.dirty) return;
  page.dirty = true;
  requestAnimationFrame(() => {
    page.dirty = false;
    if (page.market) draw();
  });
};

const ladder = new Ladder((price) => account.pick(price));
const chart = new Chart(redraw);
const stream = new Stream({
  handle,
  said: (state, text) => {
    const node = byId("connection");
    node.dataset.state = state;
    setText(node, text);
  },
});
const account = new Account(stream);

function handle(message) {
  const { market } = page;
  if (PRIVATE.has(message.type)) account.changed();
  if (message.type === "error") account.refused(message);
  if (!market || message.market !== market.market) return;
  switch (message.type) {
    case "depth_snapshot":
      page.book.restart(message);
      break;
    case "depth":
      if (!page.book.apply(message)) {
        page.book.wait();
        stream.again("depth");
      }
      break;
    case "trades":
      page.trades = message.trades.slice(0, TRADES_KEPT);
      page.tradesLoaded = true;
      break;
    case "trade":
      // The first message and what follows may overlap.
      if (page.trades[0] && BigInt(message.id) <= BigInt(page.trades[0].id)) return;
      page.trades = [message, ...page.trades.slice(0, TRADES_KEPT - 1)];
      break;
    case "candles":
      if (message.interval === page.interval) chart.restart(message.candles);
      break;
    case "candle":
      if (message.interval === page.interval) chart.take(message);
      break;
    case "statistics":
      page.statistics = { state: page.statistics.state, ...message };
      break;
    default:
      return;
  }
  redraw();
}

async function ask(path) {
  for (let wait = 1_000; ; wait = Math.min(wait * 2, 15_000)) {
    try {
      const response = await fetch(path);
      if (response.ok) return await response.json();
      const after = Number(response.headers.get("retry-after"));
      if (after > 0) wait = Math.max(wait, after * 1_000);
    } catch {
      // Nobody is there: the stream says so already.
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

function show(symbol) {
  const market = page.markets.get(symbol);
  page.market = market;
  page.book = new Book(market);
  page.trades = [];
  page.tradesLoaded = false;
  page.statistics = { ...market.statistics, state: market.state };
  chart.setMarket(market, page.interval);
  account.setMarket(market);
  for (const channel of ["depth", "trades", "candles", "statistics"]) {
    stream.unsubscribe(channel);
    const request = { channel, market: symbol };
    if (channel === "candles") request.interval = page.interval;
    stream.subscribe(request);
  }
  for (const [id, unit] of [["price-unit", market.quote], ["quantity-unit", market.base], ["volume-unit", market.base], ["quote-unit", market.quote]]) {
    setText(byId(id), unit);
  }
  redraw();
}

function showInterval(interval) {
  page.interval = interval;
  for (const button of byId("intervals").children) {
    const chosen = button.dataset.interval === interval;
    button.setAttribute("aria-checked", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
  }
  if (!page.market) return;
  chart.setMarket(page.market, interval);
  stream.unsubscribe("candles");
  stream.subscribe({ channel: "candles", market: page.market.market, interval });
  redraw();
}

function draw() {
  ladder.fit();
  ladder.draw(page.book);
  drawTrades();
  drawStatistics();
  chart.draw();
}

function drawTrades() {
  const { priceDecimals, quantityDecimals } = page.market;
  const body = byId("trades");
  const panel = body.closest(".panel");
  const fixed = getComputedStyle(panel).overflowY === "hidden";
  const height = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
  const beside = getComputedStyle(panel.parentElement).gridTemplateColumns.split(" ").length > 1;
  const rows = fixed ? Math.max(5, Math.floor((panel.clientHeight - 30) / height)) : beside ? 2 * ladder.rows + 1 : 12;
  while (body.rows.length > rows) body.deleteRow(-1);
  while (body.rows.length < rows) {
    const row = body.insertRow();
    for (let cell = 0; cell < 3; cell += 1) row.insertCell();
  }
  for (let at = 0; at < rows; at += 1) {
    const [time, price, quantity] = body.rows[at].cells;
    const trade = page.trades[at];
    setText(time, trade ? clock(Number(trade.time_ns) / 1e6) : "");
    setText(price, trade ? shown(trade.price, priceDecimals) : "");
    setText(quantity, trade ? shown(trade.quantity, quantityDecimals) : "");
    const direction = trade ? (trade.taker_side === "buy" ? "up" : "down") : "";
    if (price.className !== direction) price.className = direction;
  }
  byId("no-trades").hidden = page.trades.length > 0 || !page.tradesLoaded;
}

function drawStatistics() {
  const { market, statistics } = page;
  const { priceDecimals } = market;
  // A trade is known before the statistics say so.
  const lastPrice = page.trades[0]?.price ?? statistics.last_price;
  const last = byId("last");
  const text = shown(lastPrice, priceDecimals);
  const direction = page.trades[0] ? (page.trades[0].taker_side === "buy" ? "up" : "down") : "";
  setText(last, text);
  last.className = `big ${direction}`;
  const change = byId("change");
  const by = Number(statistics.change);
  const part = statistics.open ? ` (${by < 0 ? "−" : "+"}${Math.abs((by / Number(statistics.open)) * 100).toFixed(2)} %)` : "";
  const amount = shown(statistics.change.replace("-", ""), priceDecimals);
  setText(change, statistics.open ? `${by < 0 ? "−" : "+"}${amount}${part}` : "–");
  change.className = `change ${by > 0 ? "up" : by < 0 ? "down" : ""}`;
  setText(byId("high"), shown(statistics.high, priceDecimals));
  setText(byId("low"), shown(statistics.low, priceDecimals));
  setText(byId("volume"), brief(statistics.volume));
  setText(byId("quote-volume"), brief(statistics.quote_volume));
  setText(byId("trade-count"), brief(statistics.trades));
  const state = byId("state");
  state.hidden = statistics.state === "open";
  setText(state, statistics.state === "unlisted" ? "not listed" : statistics.state);
  const title = `${text} ${market.market}`;
  if (document.title !== title) document.title = title;
}

async function start() {
  const list = byId("intervals");
  for (const interval of Object.keys(INTERVALS)) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("role", "radio");
    button.dataset.interval = interval;
    button.textContent = interval;
    button.addEventListener("click", () => showInterval(interval));
    list.append(button);
  }
  list.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const buttons = [...list.children];
    const at = buttons.indexOf(document.activeElement);
    const next = buttons[(at + by + buttons.length) % buttons.length];
    next.focus();
    showInterval(next.dataset.interval);
  });
  showInterval(page.interval);
  new ResizeObserver(redraw).observe(document.body);
  new ResizeObserver(redraw).observe(byId("plot"));
  ladder.fit();
  const { markets } = await ask("/v1/markets");
  const select = byId("market");
  for (const market of markets) {
    market.priceDecimals = decimalsOf(market.tick);
    market.quantityDecimals = decimalsOf(market.lot);
    page.markets.set(market.market, market);
    select.append(new Option(market.market));
  }
  select.addEventListener("change", () => {
    history.replaceState(null, "", `#${select.value}`);
    show(select.value);
  });
  const asked = decodeURIComponent(location.hash.slice(1));
  const first = page.markets.has(asked) ? asked : markets[0].market;
  select.value = first;
  show(first);
}

start();
