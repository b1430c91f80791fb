/* The form "Which way should I use?". What it recommends is a row of the table below it, and the
   section of the page with the program: nothing is said twice. */
"use strict";

(() => {
  const { questions, ways } = JSON.parse(document.getElementById("which-data").textContent);
  const form = document.getElementById("which-form");
  const answer = document.getElementById("which-answer");
  const card = document.getElementById("which-card");
  const rows = [...document.querySelectorAll("#which-table tbody tr")];

  const fits = (way, answers) => Object.entries(way.when).every(([name, value]) => answers[name] === value);

  /* The ways that the answers given so far can still lead to. */
  function left(given) {
    let all = [{}];
    for (const [name, values] of Object.entries(questions)) {
      const possible = given[name] ? [given[name]] : values;
      all = all.flatMap((answers) => possible.map((value) => ({ ...answers, [name]: value })));
    }
    return new Set(all.map((answers) => ways.findIndex((way) => fits(way, answers))));
  }

  /* What a cell shows, with its links. */
  const copied = (cell) => [...(cell.querySelector("p") || cell).cloneNode(true).childNodes];

  function recommend(number) {
    const [, take, speed, ratio, back, , page] = rows[number].cells;
    const words = ["Take ", ...copied(take)];
    const [gigabytes, times] = [speed, ratio].map((cell) => cell.innerText.trim());
    const fromChild = back.innerText.trim();
    if (/^\d/.test(gigabytes)) words.push(`: ${gigabytes} GB/s with 32 MB`);
    else if (gigabytes) words.push(`: ${gigabytes}`);
    if (/\d \(/.test(times)) words.push(`, ${times} times as fast as a Pipe`);
    if (/\d \(/.test(fromChild)) words.push(`, from a child ${fromChild} times`);
    words.push(". More: ", ...copied(page), ".");
    answer.replaceChildren(...words);
    const section = document.getElementById(ways[number].section);
    const parts = [...section.querySelectorAll(":scope > p, :scope > div[class*=highlight]")];
    const copies = parts.map((part) => part.cloneNode(true));
    // The button still names the code that it was made for, which is the same.
    for (const copy of copies) copy.querySelectorAll("[id]").forEach((e) => e.removeAttribute("id"));
    card.replaceChildren(...copies);
  }

  function update() {
    const remaining = [...left(Object.fromEntries(new FormData(form)))];
    rows.forEach((row, number) => row.classList.toggle("which-out", !remaining.includes(number)));
    if (remaining.length === 1) {
      recommend(remaining[0]);
    } else {
      answer.textContent = `${remaining.length} ways are left.`;
      card.replaceChildren();
    }
  }

  form.addEventListener("change", update);
  form.addEventListener("reset", () => setTimeout(update));
  form.addEventListener("submit", (event) => event.preventDefault());
  update();
})();
