// A box that is wider than its place scrolls. While it does, and only then, the keyboard can reach
// it, and a screen reader says what it is.
{
  const kinds = { "sphx-glr-script-out": "Output", highlight: "Code", "table-wrapper": "Table" };

  const kind = (box) => {
    const name = Object.keys(kinds).find((name) => box.closest(`.${name}`));
    return kinds[name] ?? "Text";
  };

  const observer = new ResizeObserver((entries) => {
    for (const { target: box } of entries) {
      if (box.scrollWidth > box.clientWidth) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", `${kind(box)}, scrolls sideways`);
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    }
  });

  for (const box of document.querySelectorAll("article pre, article .table-wrapper")) {
    observer.observe(box);
    // Elsewhere, these lead to the next and the previous page.
    box.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") event.stopPropagation();
    });
  }
}
