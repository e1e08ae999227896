"use strict";
(() => {
  const picture = JSON.parse(document.getElementById("picture").textContent);
  const section = document.querySelector(".graph");
  const tip = document.getElementById("tip");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const wide = matchMedia("(min-width: 1000px)");
  const many = 12;

  document.body.classList.add("scripted");
  section.hidden = false;

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(["ink", "soft", "line", "card", "lit"].map((n) => [n, style.getPropertyValue(`--${n}`).trim()]));
  };

  const sheet = () => {
    const c = colours();
    const label = {
      label: "data(label)", color: c.ink, "font-size": 13, "text-wrap": "wrap", "text-max-width": 150,
      "text-valign": "bottom", "text-margin-y": 4, "text-background-color": c.card, "text-background-opacity": 0.85,
      "text-background-padding": 2, "min-zoomed-font-size": 6,
    };
    return [
      { selector: "node", style: { ...label, width: 20, height: 20, "background-color": "#e69f00" } },
      { selector: ".question", style: { shape: "round-rectangle", width: 30, "background-color": c.ink } },
      { selector: ".fact", style: { shape: "diamond", width: 16, height: 16, "background-color": "#009e73", "font-size": 11, color: c.soft, "text-max-width": 125, "text-valign": "top", "text-margin-y": -4 } },
      { selector: ".chunk", style: { shape: "round-rectangle", "background-color": "#8a93a3" } },
      { selector: ".hit", style: { width: 28, height: 22, "background-color": "#0072b2", "font-weight": "bold" } },
      { selector: "edge", style: { width: 1.6, "line-color": c.soft, "target-arrow-color": c.soft, "target-arrow-shape": "triangle", "arrow-scale": 0.8, "curve-style": "bezier", opacity: 0.7 } },
      { selector: ".seed", style: { "line-style": "dashed" } },
      { selector: ".also", style: { width: 1, "line-style": "dotted", "target-arrow-shape": "none", opacity: 0.35 } },
      ...(wide.matches ? [] : [
        { selector: "node", style: { "font-size": 19, "text-max-width": 118 } },
        { selector: ".fact", style: { "text-opacity": 0, "text-background-opacity": 0 } },
      ]),
      { selector: ".off", style: { opacity: 0.13 } },
      { selector: "edge.on", style: { width: 3.5, "line-color": c.lit, "target-arrow-color": c.lit, opacity: 1 } },
      { selector: "node.on", style: { "border-width": 3, "border-color": c.lit } },
    ];
  };

  // Columns from left to right where there is room, rows from top to bottom where there is not; as few hits would
  // leave most of the height empty, their rows stand farther apart.
  const box = document.getElementById("graph");
  const layers = Math.max(...picture.nodes.map((node) => node.layer), 1);
  const rows = Math.max(...picture.nodes.filter((node) => node.rank <= many).map((node) => node.row), 1);
  const within = (least, value, most) => Math.min(Math.max(value, least), most);
  const place = (node) => {
    const { layer, row } = node.data();
    const tall = box.clientHeight / Math.max(box.clientWidth, 1);
    if (wide.matches) return { x: layer * 105, y: row * within(70, (layers * 105 * tall) / (rows + 1), 130) };
    return { x: row * 125, y: layer * within(70, ((rows + 1) * 125 * tall) / layers, 110) };
  };

  const cy = cytoscape({
    container: box,
    elements: [
      ...picture.nodes.map((data) => ({ data, classes: data.rank ? `${data.kind} hit` : data.kind })),
      ...picture.edges.map((data) => ({ data, classes: data.kind === "fact" ? "told" : data.kind })),
    ],
    style: sheet(),
    layout: { name: "preset", positions: place, fit: false },
    minZoom: 0.1, maxZoom: 3, boxSelectionEnabled: false, autoungrabify: false,
  });

  const route = (rank) => cy.collection((picture.routes[rank] || []).map((id) => cy.getElementById(id)[0]).filter(Boolean));
  const first = () => {
    let seen = cy.collection();
    for (const rank of Object.keys(picture.routes).slice(0, many)) seen = seen.union(route(rank));
    return seen;
  };
  const fit = (what) => {
    cy.resize();
    cy.fit(what, 36);
    if (cy.zoom() > 1.3) { cy.zoom(1.3); cy.center(what); }
  };

  let chosen = 0;
  const choose = (rank, { scroll = false } = {}) => {
    chosen = rank;
    cy.batch(() => {
      cy.elements().removeClass("on off");
      if (rank) { cy.elements().addClass("off"); route(rank).removeClass("off").addClass("on"); }
    });
    for (const item of document.querySelectorAll(".hit")) {
      const own = Number(item.dataset.rank) === rank;
      item.classList.toggle("chosen", own);
      const button = item.querySelector(".show");
      button.setAttribute("aria-pressed", String(own));
      button.textContent = own ? "show all" : "show path";
      if (own && scroll) item.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
  };

  const tell = (lines) => {
    tip.replaceChildren(...lines.map((line) => {
      const p = document.createElement("p");
      p.dir = "auto";
      p.textContent = line;
      return p;
    }));
    tip.hidden = !lines.length;
  };

  for (const item of document.querySelectorAll(".hit")) {
    const rank = Number(item.dataset.rank);
    if (!picture.routes[rank]) continue;
    const button = item.querySelector(".show");
    button.hidden = false;
    button.addEventListener("click", () => {
      choose(chosen === rank ? 0 : rank);
      if (chosen) fit(route(rank)); else fit(first());
      if (!wide.matches && chosen) section.scrollIntoView({ block: "nearest", behavior: "smooth" });
    });
  }
  cy.on("tap", "node.hit", (event) => choose(chosen === event.target.data("rank") ? 0 : event.target.data("rank"), { scroll: true }));
  cy.on("tap", (event) => { if (event.target === cy) { choose(0); tell([]); } });
  cy.on("mouseover tap", "node, edge", (event) => tell(event.target.data("tip") || []));
  cy.on("mouseout", "node, edge", () => tell([]));
  document.getElementById("closer").addEventListener("click", () => cy.zoom({ level: cy.zoom() * 1.3, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } }));
  document.getElementById("farther").addEventListener("click", () => cy.zoom({ level: cy.zoom() / 1.3, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } }));
  document.getElementById("whole").addEventListener("click", () => { choose(0); fit(cy.elements()); });
  // The wheel scrolls the page, as everywhere; with Ctrl it zooms.
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  }, { capture: true });
  dark.addEventListener("change", () => cy.style(sheet()));
  const arrange = () => {
    cy.style(sheet());
    cy.layout({ name: "preset", positions: place, fit: false }).run();
    fit(chosen ? route(chosen) : first());
  };
  // An address that ends in #hit-3 opens with that path shown.
  const follow = () => {
    const rank = Number((/^#hit-(\d+)$/.exec(location.hash) || [])[1] || 0);
    choose(picture.routes[rank] ? rank : 0);
    arrange();
  };
  addEventListener("hashchange", follow);
  new ResizeObserver(arrange).observe(box);
  follow();
})();
