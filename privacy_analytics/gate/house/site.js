"use strict";
{
  const words = document.querySelector(".words"), status = document.querySelector(".found");
  const cards = [...document.querySelectorAll(".card")].map(card => ({
    card, said: [...card.querySelectorAll(".said, .about")].map(each => each.textContent).join(" ").toLowerCase(),
  }));
  const tell = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    for (const { card, said } of cards) card.hidden = !wanted.every(word => said.includes(word));
    const shown = cards.filter(({ card }) => card.getClientRects().length).length;
    status.textContent = shown ? `${shown} of ${cards.length} shown` : "No statistic fits. Try fewer words, or another choice.";
  };
  const copied = async said => {
    try {
      await navigator.clipboard.writeText(said.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(said);
      return document.execCommand("copy");
    }
  };
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copied(button.closest(".card").querySelector(".said"));
      button.textContent = done ? "Copied" : "Select it and copy";
      status.textContent = done ? "The sentence is copied." : "Copying is not allowed here. Select the sentence and copy it.";
      setTimeout(() => { button.textContent = "Copy"; tell(); }, 2000);
    });
  }
  document.querySelector(".search").hidden = false;
  document.querySelector(".find").addEventListener("input", tell);
  tell();
}
