// The order book: a snapshot and the changes behind it, each of which says what it follows.

class Side {
  constructor(sign) {
    // Bids: -1, so that the best level is the first in both.
    this.sign = sign;
    this.prices = [];
    this.quantities = new Map();
  }

  set(price, quantity) {
    if (quantity === 0) {
      if (this.quantities.delete(price)) this.prices.splice(this.place(price), 1);
      return;
    }
    if (!this.quantities.has(price)) this.prices.splice(this.place(price), 0, price);
    this.quantities.set(price, quantity);
  }

  place(price) {
    let low = 0;
    let high = this.prices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.prices[middle] - price) * this.sign < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The best levels with the sum up to each.
  top(count) {
    let total = 0;
    return this.prices.slice(0, count).map((price) => {
      const quantity = this.quantities.get(price);
      total += quantity;
      return { price, quantity, total };
    });
  }
}

class Book {
  constructor(market) {
    this.market = market;
    this.clear();
  }

  clear() {
    this.sequence = null;
    this.bids = new Side(-1);
    this.asks = new Side(1);
  }

  // Shows what it has until a snapshot comes, and takes no changes.
  wait() {
    this.sequence = null;
  }

  restart(message) {
    this.clear();
    this.take(message);
  }

  // False: changes are missing, and only a new snapshot helps.
  apply(message) {
    if (this.sequence === null || BigInt(message.sequence) <= BigInt(this.sequence)) return true;
    if (message.previous !== this.sequence) return false;
    this.take(message);
    return true;
  }

  take(message) {
    const { priceDecimals, quantityDecimals } = this.market;
    for (const [levels, side] of [[message.bids, this.bids], [message.asks, this.asks]]) {
      for (const [price, quantity] of levels) {
        side.set(toUnits(price, priceDecimals), toUnits(quantity, quantityDecimals));
      }
    }
    this.sequence = message.sequence;
  }
}

// Draws the ladder: asks above, the best one next to the middle, bids below.
class Ladder {
  constructor(pick) {
    this.panel = byId("book");
    this.asks = byId("asks");
    this.bids = byId("bids");
    this.rows = 0;
    for (const body of [this.asks, this.bids]) {
      body.addEventListener("click", (event) => {
        const row = event.target.closest("tr");
        if (row?.dataset.price) pick(row.dataset.price);
      });
    }
  }

  // As many rows as the panel has room for; where it grows with its rows, a number that fits a phone.
  fit() {
    const fixed = getComputedStyle(this.panel).overflowY === "hidden";
    const row = 20;
    const room = (this.panel.clientHeight - 30 - 38) / 2;
    const rows = fixed ? Math.max(4, Math.min(60, Math.floor(room / row))) : 9;
    if (rows === this.rows) return;
    this.rows = rows;
    // What is left over is shared among the rows.
    if (fixed) this.panel.style.setProperty("--row", `${Math.max(20, Math.floor(room / rows))}px`);
    else this.panel.style.removeProperty("--row");
    for (const body of [this.asks, this.bids]) {
      while (body.rows.length > rows) body.deleteRow(-1);
      while (body.rows.length < rows) {
        const row = body.insertRow();
        for (let cell = 0; cell < 3; cell += 1) row.insertCell();
      }
    }
  }

  draw(book) {
    const asks = book.asks.top(this.rows);
    const bids = book.bids.top(this.rows);
    const most = Math.max(1, asks.at(-1)?.total ?? 0, bids.at(-1)?.total ?? 0);
    for (let at = 0; at < this.rows; at += 1) {
      this.drawRow(this.asks.rows[this.rows - 1 - at], asks[at], most, book.market);
      this.drawRow(this.bids.rows[at], bids[at], most, book.market);
    }
    const { priceDecimals } = book.market;
    const [ask, bid] = [asks[0]?.price, bids[0]?.price];
    const both = ask !== undefined && bid !== undefined;
    // The middle of an odd spread has one decimal place more.
    const middle = both ? fromUnits((ask + bid) * 5, priceDecimals + 1).replace(/0$/, "") : "–";
    setText(byId("middle-price"), middle);
    const part = both ? ` · ${(((ask - bid) / ((ask + bid) / 2)) * 100).toFixed(3)} %` : "";
    setText(byId("spread"), both ? fromUnits(ask - bid, priceDecimals) + part : "–");
  }

  drawRow(row, level, most, market) {
    const texts = level
      ? [
          fromUnits(level.price, market.priceDecimals),
          fromUnits(level.quantity, market.quantityDecimals),
          fromUnits(level.total, market.quantityDecimals),
        ]
      : ["", "", ""];
    texts.forEach((text, at) => setText(row.cells[at], text));
    const fill = level ? `${((level.total / most) * 100).toFixed(1)}%` : "0%";
    if (row.dataset.fill !== fill) {
      row.dataset.fill = fill;
      row.style.setProperty("--fill", fill);
    }
    row.dataset.price = level ? texts[0].replaceAll(",", "") : "";
  }
}
