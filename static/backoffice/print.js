document.querySelector("[data-print]").addEventListener("click", () => window.print());
if (!new URLSearchParams(location.search).has("preview")) window.addEventListener("load", () => window.print());
