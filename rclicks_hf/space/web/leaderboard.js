// Sorts the table by a column: a click on its head, or Enter on it; once more turns the order.
let sorted = null; // text of the head and direction, kept while the rows change

const numberOf = (cell) => (cell.dataset.value === "" ? NaN : Number(cell.dataset.value));

function compare(first, second, isNumber) {
  if (!isNumber) return first.dataset.value.localeCompare(second.dataset.value);
  return numberOf(first) - numberOf(second);
}

function sort() {
  const heads = [...element.querySelectorAll("thead th")];
  const place = sorted ? heads.findIndex((head) => head.textContent === sorted.head) : -1;
  if (place < 0) return;
  const isNumber = heads[place].classList.contains("number");
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[place].setAttribute("aria-sort", sorted.isDown ? "descending" : "ascending");
  const body = element.querySelector("tbody");
  const rows = [...body.rows];
  // Rows without a number are last in both directions.
  const isEmpty = (row) => isNumber && Number.isNaN(numberOf(row.cells[place]));
  rows.sort((first, second) => {
    if (isEmpty(first) || isEmpty(second)) return isEmpty(first) - isEmpty(second);
    const order = compare(first.cells[place], second.cells[place], isNumber);
    return sorted.isDown ? -order : order;
  });
  body.append(...rows);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("thead button");
  if (!button) return;
  const head = button.parentElement.textContent;
  sorted = { head, isDown: sorted?.head === head && !sorted.isDown };
  sort();
});

watch("value", sort);
