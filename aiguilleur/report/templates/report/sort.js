"use strict";
// Without this, each table stands in the order that is asked for most.
const words = new Intl.Collator("fr", { numeric: true });
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, place) => {
    const cells = [...body.rows].map((row) => row.cells[place]);
    const counted = cells.length > 0 && cells.every((cell) => cell.dataset.order !== undefined);
    if (counted && place > 0) head.classList.add("number");
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.ariaSort ? head.ariaSort === "ascending" : counted && place > 0;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((one, other) => {
        const [a, b] = [one.cells[place], other.cells[place]];
        const order = counted ? a.dataset.order - b.dataset.order : words.compare(a.textContent, b.textContent);
        return down ? -order : order;
      });
      body.append(...rows);
    });
  });
}
