// Decimal texts. Prices and quantities are compared and added as whole numbers of the last decimal place, so that nothing is
// rounded on the way; only the chart and percentages use fractions.

const decimalsOf = (step) => {
  const at = step.indexOf(".");
  return at < 0 ? 0 : step.length - at - 1;
};

// "12.5" with 2 decimals is 1250. Exact up to 2^53, which is more than any book adds up to.
const toUnits = (text, decimals) => {
  const [whole, fraction = ""] = text.split(".");
  return Number(whole + fraction.padEnd(decimals, "0").slice(0, decimals));
};

const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

const fromUnits = (units, decimals) => {
  const sign = units < 0 ? "−" : "";
  const digits = String(Math.abs(units)).padStart(decimals + 1, "0");
  const whole = grouped(digits.slice(0, digits.length - decimals));
  return sign + (decimals ? `${whole}.${digits.slice(-decimals)}` : whole);
};

// The text of a decimal with so many places.
const shown = (text, decimals) => (text === null || text === undefined ? "–" : fromUnits(toUnits(text, decimals), decimals));

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 5 });
const brief = (text) => (text === null || text === undefined ? "–" : compact.format(Number(text)));

const byId = (id) => document.getElementById(id);

// Texts change often and are often the same; touching the document only where they differ keeps it quiet.
const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

const clock = (milliseconds, withSeconds = true) => {
  const date = new Date(milliseconds);
  const two = (number) => String(number).padStart(2, "0");
  const text = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${text}:${two(date.getSeconds())}` : text;
};

const day = (milliseconds) => new Date(milliseconds).toLocaleDateString("en", { month: "short", day: "numeric" });
