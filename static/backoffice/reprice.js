// The column "After" follows what is typed. The server works it out again.
const table = document.querySelector("[data-reprice]");
const way = document.querySelector("#id_way");
const percent = document.querySelector("#id_percent");
const amount = document.querySelector("#id_amount");

function after(minor, decimals) {
  if (way.value === "amount") {
    const typed = Number(amount.value.replace(",", "."));
    return amount.value.trim() === "" ? NaN : Math.round(typed * 10 ** decimals);
  }
  return percent.value.trim() === "" ? NaN : Math.round((minor * (100 + Number(percent.value))) / 100);
}

function show() {
  for (const cell of table.querySelectorAll("[data-minor]")) {
    const style = { style: "currency", currency: cell.dataset.currency };
    const format = new Intl.NumberFormat(document.documentElement.lang || "en-GB", style);
    const decimals = format.resolvedOptions().maximumFractionDigits;
    const minor = after(Number(cell.dataset.minor), decimals);
    cell.textContent = Number.isFinite(minor) ? format.format(minor / 10 ** decimals) : "–";
  }
}

for (const field of [way, percent, amount]) field.addEventListener("input", show);
show();
