// Candles on a canvas, with volume below, a crosshair and what stands under it.

const INTERVALS = { "1s": 1, "1m": 60, "5m": 300, "1h": 3600, "1d": 86400 };
const SLOTS_MAX = 1500;
const AXIS_WIDTH = 68;
const AXIS_HEIGHT = 22;

class Chart {
  constructor(redraw) {
    this.canvas = byId("plot");
    this.context = this.canvas.getContext("2d");
    this.redraw = redraw;
    this.step = 9;
    this.offset = 0;
    this.cursor = null;
    this.clear();
    this.colours();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.colours();
      redraw();
    });
    this.listen();
  }

  clear() {
    this.candles = new Map();
    this.series = null;
    this.offset = 0;
    this.loaded = false;
  }

  // All there is, newest first.
  restart(candles) {
    this.candles = new Map();
    this.loaded = true;
    for (const candle of candles) this.take(candle);
    this.series = null;
  }

  setMarket(market, interval) {
    this.market = market;
    this.interval = interval;
    this.length = INTERVALS[interval] * 1000;
    this.clear();
  }

  // A candle replaces the one with its start.
  take(candle) {
    const start = Math.floor(Number(candle.start_ns) / 1e6);
    const [open, high, low, close, volume] =
      [candle.open, candle.high, candle.low, candle.close, candle.volume].map(Number);
    this.candles.set(start, { start, open, high, low, close, volume });
    this.series = null;
  }

  // Intervals without trades are drawn flat at the last price, so that time is even.
  slots() {
    if (this.series) return this.series;
    const starts = [...this.candles.keys()].sort((one, other) => one - other);
    const series = [];
    const last = starts.at(-1);
    for (const start of starts) {
      if (start <= last - SLOTS_MAX * this.length) continue;
      const before = series.at(-1);
      for (let time = before ? before.start + this.length : start; time < start; time += this.length) {
        const close = before.close;
        series.push({ start: time, open: close, high: close, low: close, close, volume: 0 });
      }
      series.push(this.candles.get(start));
    }
    this.series = series;
    return series;
  }

  colours() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.colour = Object.fromEntries(
      ["up", "down", "line", "text", "faint", "panel", "accent"].map((name) => [name, colour(`--${name}`)]),
    );
    this.colour.onFill = colour("--on-fill");
  }

  listen() {
    const { canvas } = this;
    let drag = null;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    canvas.addEventListener("pointermove", (event) => {
      if (drag && event.pointerType === "mouse") {
        const slots = Math.round((event.clientX - drag.x) / this.step);
        this.offset = Math.max(0, Math.min(drag.offset + slots, this.slots().length - 10));
      }
      this.cursor = at(event);
      this.redraw();
    });
    canvas.addEventListener("pointerdown", (event) => {
      drag = { x: event.clientX, offset: this.offset };
      if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
      this.cursor = at(event);
      this.redraw();
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { drag = null; });
    for (const end of ["pointerleave", "blur"]) {
      canvas.addEventListener(end, () => {
        this.cursor = null;
        this.redraw();
      });
    }
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: -1, ArrowRight: 1 };
      if (event.key in moves) {
        const plot = canvas.clientWidth - AXIS_WIDTH;
        const x = (this.cursor?.x ?? plot) + moves[event.key] * this.step;
        this.cursor = { x: Math.max(0, Math.min(plot - 1, x)), y: null };
        this.redraw();
      } else if (event.key === "+" || event.key === "=") this.zoom(1.25);
      else if (event.key === "-") this.zoom(0.8);
      else return;
      event.preventDefault();
    });
  }

  zoom(factor) {
    this.step = Math.max(3, Math.min(40, this.step * factor));
    this.redraw();
  }

  draw() {
    const { canvas, context } = this;
    const scale = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '11px system-ui, "Segoe UI", Roboto, sans-serif';
    context.textBaseline = "middle";
    const series = this.slots();
    byId("no-candles").hidden = series.length > 0 || !this.loaded;
    const plot = { width: width - AXIS_WIDTH, height: height - AXIS_HEIGHT };
    const count = Math.max(1, Math.floor(plot.width / this.step));
    this.offset = Math.max(0, Math.min(this.offset, series.length - 1));
    const to = series.length - this.offset;
    const visible = series.slice(Math.max(0, to - count), to);
    if (visible.length === 0) {
      this.read(null);
      return;
    }
    // What is drawn last stands at the right edge; while there are few candles, they begin there too.
    const xOf = (at) => plot.width - (visible.length - at) * this.step + this.step / 2;
    let high = Math.max(...visible.map((candle) => candle.high));
    let low = Math.min(...visible.map((candle) => candle.low));
    const margin = (high - low) * 0.08 || high * 0.001 || 1;
    [high, low] = [high + margin, low - margin];
    const room = plot.height * 0.82;
    const yOf = (price) => ((high - price) / (high - low)) * room + 4;
    this.drawGrid(plot, width, visible, xOf, yOf, high, low);
    this.drawCandles(plot, visible, xOf, yOf);
    const last = series.at(-1);
    this.drawLabel(plot, width, yOf(last.close), last.close, last.close >= last.open ? this.colour.up : this.colour.down, true);
    this.drawCursor(plot, width, visible, xOf, (y) => high - ((y - 4) / room) * (high - low), room);
  }

  drawGrid(plot, width, visible, xOf, yOf, high, low) {
    const { context, colour } = this;
    context.lineWidth = 1;
    context.strokeStyle = colour.line;
    context.fillStyle = colour.faint;
    // Steps of 1, 2 or 5 times a power of ten, about 60 pixels apart, and no finer than a tick.
    const tick = 10 ** -this.market.priceDecimals;
    const rough = ((high - low) * 60) / (plot.height * 0.82);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = Math.max(tick, power * [1, 2, 5, 10].find((factor) => power * factor >= rough));
    for (let price = Math.ceil(low / step) * step; price < high; price += step) {
      const y = Math.round(yOf(price)) + 0.5;
      context.beginPath();
      context.moveTo(0, y);
      context.lineTo(plot.width, y);
      context.stroke();
      context.textAlign = "left";
      context.fillText(this.priceText(price), plot.width + 7, y);
    }
    const every = Math.max(1, Math.ceil(84 / this.step));
    context.textAlign = "center";
    visible.forEach((candle, at) => {
      const x = Math.round(xOf(at)) + 0.5;
      if ((candle.start / this.length) % every !== 0) return;
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, plot.height);
      context.stroke();
      if (x > 26 && x < plot.width - 20) context.fillText(this.timeText(candle.start), x, plot.height + AXIS_HEIGHT / 2);
    });
  }

  drawCandles(plot, visible, xOf, yOf) {
    const { context, colour } = this;
    const body = Math.max(1, Math.floor(this.step * 0.7));
    const most = Math.max(...visible.map((candle) => candle.volume)) || 1;
    visible.forEach((candle, at) => {
      const x = Math.round(xOf(at));
      context.fillStyle = candle.close >= candle.open ? colour.up : colour.down;
      const bar = (candle.volume / most) * plot.height * 0.16;
      context.globalAlpha = 0.28;
      context.fillRect(x - body / 2, plot.height - bar, body, bar);
      context.globalAlpha = 1;
      const [top, bottom] = [yOf(Math.max(candle.open, candle.close)), yOf(Math.min(candle.open, candle.close))];
      context.fillRect(x - body / 2, top, body, Math.max(1, bottom - top));
      context.fillRect(x - 0.5, yOf(candle.high), 1, Math.max(1, yOf(candle.low) - yOf(candle.high)));
    });
  }

  drawLabel(plot, width, y, price, colour, withLine) {
    const { context } = this;
    const level = Math.max(8, Math.min(plot.height - 8, y));
    if (withLine) {
      context.strokeStyle = colour;
      context.setLineDash([2, 3]);
      context.beginPath();
      context.moveTo(0, Math.round(level) + 0.5);
      context.lineTo(plot.width, Math.round(level) + 0.5);
      context.stroke();
      context.setLineDash([]);
    }
    context.fillStyle = colour;
    context.fillRect(plot.width + 1, level - 8, width - plot.width - 1, 16);
    context.fillStyle = this.colour.onFill;
    context.textAlign = "left";
    context.fillText(this.priceText(price), plot.width + 7, level);
  }

  drawCursor(plot, width, visible, xOf, priceAt, room) {
    const { context, colour, cursor } = this;
    if (!cursor || cursor.x > plot.width) {
      this.read(visible.at(-1));
      return;
    }
    const at = Math.round((cursor.x - xOf(0)) / this.step);
    const candle = visible[Math.max(0, Math.min(visible.length - 1, at))];
    const x = Math.round(xOf(visible.indexOf(candle))) + 0.5;
    context.strokeStyle = colour.faint;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, plot.height);
    if (cursor.y !== null && cursor.y < room) {
      context.moveTo(0, Math.round(cursor.y) + 0.5);
      context.lineTo(plot.width, Math.round(cursor.y) + 0.5);
    }
    context.stroke();
    context.setLineDash([]);
    if (cursor.y !== null && cursor.y < room) {
      this.drawLabel(plot, width, cursor.y, priceAt(cursor.y), colour.faint, false);
    }
    this.read(candle);
  }

  // What stands under the crosshair, or the last candle.
  read(candle) {
    const readout = byId("readout");
    const ofDay = candle && this.interval !== "1d" ? ` ${clock(candle.start, this.interval === "1s")}` : "";
    const texts = candle
      ? [
          day(candle.start) + ofDay,
          ...[candle.open, candle.high, candle.low, candle.close].map((price) => this.priceText(price)),
          candle.volume.toFixed(this.market.quantityDecimals),
        ]
      : ["–", "–", "–", "–", "–", "–"];
    if (readout.childElementCount === 0) {
      for (const name of ["", "O", "H", "L", "C", "V"]) {
        const item = readout.appendChild(document.createElement("span"));
        if (name) item.append(`${name} `);
        item.append(document.createElement("b"));
      }
    }
    texts.forEach((text, at) => setText(readout.children[at].querySelector("b"), text));
  }

  priceText(price) {
    return fromUnits(Math.round(price * 10 ** this.market.priceDecimals), this.market.priceDecimals);
  }

  timeText(start) {
    if (this.interval === "1d") return day(start);
    const midnight = new Date(start).getHours() === 0 && new Date(start).getMinutes() === 0;
    return midnight && this.interval !== "1s" ? day(start) : clock(start, this.interval === "1s");
  }
}
