// Select2 leaves the search field of a choice of many without a name.
addEventListener("load", () => {
  for (const field of document.querySelectorAll(".select2-search__field")) {
    const select = field.closest(".select2-container").previousElementSibling;
    const label = select?.labels?.[0]?.textContent.trim();
    if (label) field.setAttribute("aria-label", label);
  }
});
