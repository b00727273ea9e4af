// Draws every figure of the page from the specification beside it. Nothing is fetched, nothing is evaluated as code.
(function () {
  "use strict";
  var tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.appendChild(tip);

  function point(handler, event, item, value) {
    tip.textContent = "";
    if (value === null || value === undefined || typeof value !== "object") {
      tip.hidden = true;
      return;
    }
    Object.keys(value).forEach(function (key) {
      var text = value[key];
      if (text === null || text === undefined || text === "" || text === "null" || text === "undefined") return;
      var line = document.createElement("div");
      var name = document.createElement("b");
      name.textContent = key + ": ";
      line.appendChild(name);
      line.appendChild(document.createTextNode(String(text)));
      tip.appendChild(line);
    });
    tip.hidden = tip.childNodes.length === 0;
    var left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 6);
    var top = event.clientY + 16;
    if (top + tip.offsetHeight > window.innerHeight) top = event.clientY - tip.offsetHeight - 10;
    tip.style.left = Math.max(4, left) + "px";
    tip.style.top = Math.max(4, top) + "px";
  }

  function draw(place) {
    if (place.dataset.state) return;
    place.dataset.state = "drawing";
    var text = document.getElementById(place.dataset.specification).textContent;
    var told = place.innerHTML;
    var words = place.getAttribute("aria-label");
    try {
      var compiled = vegaLite.compile(JSON.parse(text)).spec;
      var parsed = vega.parse(compiled, null, { ast: true });
      place.textContent = "";
      var view = new vega.View(parsed, {
        renderer: "svg", container: place, hover: true, expr: vegaInterpreter, logLevel: vega.Warn,
      });
      view.tooltip(point).run();
      // one picture with one text; the marks in it mean nothing one by one
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", words);
      Array.prototype.forEach.call(place.querySelectorAll("svg"), function (drawn) {
        drawn.setAttribute("aria-hidden", "true");
      });
      place.dataset.state = "drawn";
    } catch (problem) {
      place.innerHTML = told;
      place.dataset.state = "failed";
      console.error("figure " + place.dataset.specification + ": " + problem);
    }
  }

  function fold(place) {
    for (var part = place.parentElement; part; part = part.parentElement) {
      if (part.tagName === "DETAILS" && !part.open) return part;
    }
    return null;
  }

  function drawWhenSeen(place) {
    var hidden = fold(place);
    if (hidden === null) draw(place);
    else hidden.addEventListener("toggle", function () { drawWhenSeen(place); }, { once: true });
  }

  var places = Array.prototype.slice.call(document.querySelectorAll("[data-specification]"));
  function next() {
    var place = places.shift();
    if (place === undefined) {
      document.documentElement.dataset.figures = "drawn";
      return;
    }
    drawWhenSeen(place);
    setTimeout(next, 0);
  }
  next();

  // on a narrow screen the contents would stand between the title and the answer
  var contents = document.querySelector("nav.contents > details");
  if (contents !== null && window.innerWidth < 1200) contents.open = false;

  var opened = [];
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.fold:not([open]), nav.contents > details:not([open])").forEach(function (part) {
      part.open = true;
      opened.push(part);
    });
    document.querySelectorAll("[data-specification]").forEach(draw);
  });
  window.addEventListener("afterprint", function () {
    opened.splice(0).forEach(function (part) { part.open = false; });
  });
})();
