// Keeps the list of running calls fresh. Without it the page shows them as they were when it was opened.
(() => {
  const place = document.getElementById("calls-now");
  if (!place || !window.EventSource) return;
  const source = new EventSource(place.dataset.live);
  source.addEventListener("calls", event => {
    // Not under the finger of whoever is about to press a button.
    if (!place.contains(document.activeElement)) place.innerHTML = event.data;
  });
  source.addEventListener("incidents", event => {
    if (event.data !== place.dataset.incidents) location.reload();
  });
})();
