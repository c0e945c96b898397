// Comfort only: every page works without this file. Money is BigInt sen, never a float.
(() => {
  "use strict";
  const doc = document, one = (s, r = doc) => r.querySelector(s), all = (s, r = doc) => [...r.querySelectorAll(s)];
  const typing = (e) => e.matches?.("textarea,select,input:not([type=radio],[type=checkbox],[type=button],[type=submit])");
  const seen = (e) => !e.disabled && e.getClientRects().length > 0;

  // 1.250.000,50 -> 125000050n; null while it is not an amount (the server is as strict)
  const parse = (text) => {
    const m = /^(?:rp\.?\s*)?(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d{1,2})|,-)?$/i.exec(text.trim());
    return m ? BigInt(m[1].replaceAll(".", "")) * 100n + BigInt((m[2] || "0").padEnd(2, "0")) : null;
  };
  const show = (minor) => {
    const size = minor < 0n ? -minor : minor, sen = size % 100n;
    const text = "Rp" + String(size / 100n).replace(/\B(?=(\d{3})+$)/g, ".") + (sen ? "," + String(sen).padStart(2, "0") : "");
    return minor < 0n ? "-" + text : text;
  };
  const later = (wait, act) => { let timer; return (...a) => { clearTimeout(timer); timer = setTimeout(() => act(...a), wait); }; };
  const ask = async (url, name, value) => {
    const target = new URL(url, location.href);
    target.searchParams.set(name, value);
    const answer = await fetch(target, { credentials: "same-origin", headers: { Accept: "text/html" } });
    return answer.ok && !answer.redirected ? answer.text() : "";
  };

  // the browser gives the focus a frame later, and a digit typed until then would be lost
  one("[autofocus]")?.focus();

  // keys: a letter outside a field presses what carries it; the page's own letters go before the menu's
  const keyed = () => [...all("main [data-key]").filter(seen), ...all(".rail [data-key]")]; // the menu's also where folded away
  const help = one("#keys");
  const toggleHelp = () => {
    if (!help) return;
    const list = one("ul", help), add = (key, text) => {
      const li = list.appendChild(doc.createElement("li")), kbd = doc.createElement("kbd");
      kbd.textContent = key; li.append(text, kbd);
    };
    list.replaceChildren();
    if (one("[data-search-focus]")) add("/", help.dataset.search);
    const known = new Set();
    for (const e of keyed()) {
      if (known.has(e.dataset.key)) continue;
      known.add(e.dataset.key);
      const copy = (e.closest("label") || e).cloneNode(true);
      all("kbd", copy).forEach((k) => k.remove());
      add(e.dataset.key.toUpperCase(), copy.textContent.trim());
    }
    help.hidden = !help.hidden;
  };
  doc.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    if (event.key === "Escape") { if (help) help.hidden = true; if (typing(event.target)) event.target.blur(); return; }
    if (event.key === "Enter") { onward(event); return; }
    if (typing(event.target)) return;
    if (event.key === "?") { event.preventDefault(); toggleHelp(); return; }
    const target = event.key === "/" ? one("[data-search-focus]")
      : keyed().find((e) => e.dataset.key === event.key.toLowerCase());
    if (!target) return;
    event.preventDefault();
    if (target.matches("[type=search]")) target.select(); else target.click();
    target.focus();
  });

  // Enter goes to the next field; in the last it sends the form
  const onward = (event) => {
    const field = event.target, form = field.form;
    if (!form?.matches("[data-keyboard]") || !field.matches("input,select") || field.matches("[type=submit]")) return;
    event.preventDefault();
    const fields = [...form.elements].filter((e) => e.matches("input,select,textarea") && seen(e)
      && (e === field || e.type !== "radio" || (e.name !== field.name && (e.checked || !one(`[name="${e.name}"]:checked`, form)))));
    const next = fields[fields.indexOf(field) + 1];
    if (!next) return form.requestSubmit(one("[type=submit]", form));
    next.focus();
    if (next.matches("input:not([type=radio],[type=checkbox])")) next.select();
  };

  // amount: echo, words, balance before and after
  const preview = (form) => all("[data-amount-from]", form).forEach((box) => {
    const input = one(`[name="${box.dataset.amountFrom}"]`, form), amount = parse(input?.value || "");
    const sign = BigInt((one("[data-sign]:checked", form) || box).dataset.sign || "1");
    const known = box.dataset.balance !== "", before = known ? BigInt(box.dataset.balance) : 0n;
    const after = known && amount !== null ? before + sign * amount : null;
    one("[data-before]", box).textContent = known ? show(before) : "–";
    one("[data-after]", box).textContent = after === null ? "–" : show(after);
    const short = one("[data-short]", box);
    if (short) short.hidden = after === null || after >= 0n || sign > 0n;
  });
  for (const input of all("[data-amount]")) {
    const form = input.form, echo = one(`[data-echo="${input.name}"]`, form), words = one(`[data-words="${input.name}"]`, form);
    const spell = later(300, async (text) => {
      const answer = await ask(input.dataset.wordsUrl, "amount", text).catch(() => "");
      if (input.value === text) words.textContent = answer;
    });
    const update = () => {
      const amount = parse(input.value);
      if (echo) echo.textContent = amount === null ? "" : show(amount);
      if (words) words.textContent = "";
      if (words && amount !== null && input.dataset.wordsUrl) spell(input.value);
      preview(form);
    };
    input.addEventListener("input", update);
    if (input.value) update();
  }
  doc.addEventListener("change", (event) => { if (event.target.matches("[data-sign]")) preview(event.target.form); });
  all("form").forEach(preview);

  // an entry by hand: what is still missing until both sides are equal
  for (const box of all("[data-sums]")) {
    const form = box.closest("form"), send = one("[type=submit]:not([name])", form);
    const total = (side) => all(`[data-${side}]`, form).reduce((sum, input) => sum + (parse(input.value) ?? 0n), 0n);
    const add = () => {
      const debit = total("debit"), credit = total("credit");
      for (const [name, minor] of [["debit", debit], ["credit", credit], ["difference", debit - credit]]) one(`[data-sum="${name}"]`, box).textContent = show(minor);
      box.hidden = debit + credit === 0n;
      box.classList.toggle("off", debit !== credit);
      send.disabled = debit !== credit;
    };
    form.addEventListener("input", add);
    add();
  }

  // cash counted by denomination: what the pieces come to
  for (const box of all(".till-count")) {
    const form = box.closest("form"), told = one("[data-counted]", form), into = one("[data-counted-into]", form);
    const pieces = (input) => BigInt(input.dataset.worth) * (/^\d{1,6}$/.test(input.value.trim()) ? BigInt(input.value.trim()) : 0n) * 100n;
    form.addEventListener("input", (event) => {
      if (!event.target.matches("[data-worth],[name=other]")) return;
      const sum = all("[data-worth]", box).reduce((so, input) => so + pieces(input), parse(one("[name=other]", form)?.value || "") ?? 0n);
      told.textContent = show(sum);
      told.parentElement.hidden = sum === 0n;
      if (!into) return;
      into.value = show(sum).replace("Rp", "");
      into.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  // a date in words, whatever order of figures this browser shows
  for (const words of all("[data-day]")) {
    const input = one(`[name="${words.dataset.day}"]`, words.closest("form"));
    const say = () => {
      const [y, m, d] = input.value.split("-").map(Number);
      words.textContent = y > 1899 ? new Intl.DateTimeFormat(doc.documentElement.lang, { dateStyle: "full" }).format(new Date(y, m - 1, d)) : "";
    };
    input.addEventListener("input", say);
    say();
  }

  // look up while typing: the answer is a list of options made by the server
  for (const input of all("[data-search-url]")) {
    const list = doc.getElementById(input.getAttribute("aria-controls"));
    const chosen = one(`[data-chosen="${input.name}"]`, input.form), box = one("[data-amount-from]", input.form);
    const options = () => all("[role=option]", list);
    let at = -1;
    const open = (yes) => { list.hidden = !yes; input.setAttribute("aria-expanded", yes); if (!yes) mark(-1); };
    const mark = (to) => {
      at = to;
      options().forEach((o, i) => { o.id = `${list.id}-${i}`; o.setAttribute("aria-selected", i === at); });
      if (at < 0) input.removeAttribute("aria-activedescendant");
      else { input.setAttribute("aria-activedescendant", `${list.id}-${at}`); options()[at].scrollIntoView({ block: "nearest" }); }
    };
    const take = (o) => {
      input.value = o.dataset.value;
      if (chosen) chosen.textContent = o.dataset.label;
      if (box) { box.dataset.balance = o.dataset.balance ?? ""; preview(input.form); }
      open(false);
    };
    const look = later(180, async (text) => {
      const answer = await ask(input.dataset.searchUrl, "q", text).catch(() => "");
      if (input.value.trim() !== text || doc.activeElement !== input) return;
      list.innerHTML = answer;
      open(options().length > 0);
      if (options().length) mark(0);
    });
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"]]) input.setAttribute(name, value);
    input.addEventListener("input", () => {
      if (chosen) chosen.textContent = "";
      if (box) { box.dataset.balance = ""; preview(input.form); }
      const text = input.value.trim();
      if (text.length > 1) look(text); else open(false);
    });
    input.addEventListener("keydown", (event) => {
      if (list.hidden) return;
      const count = options().length;
      if (event.key === "ArrowDown") mark((at + 1) % count);
      else if (event.key === "ArrowUp") mark((at - 1 + count) % count);
      else if (event.key === "Enter" && at >= 0) { take(options()[at]); return; } // not prevented: Enter then goes on
      else if (event.key === "Escape") open(false);
      else return;
      event.preventDefault();
    });
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => { const o = event.target.closest("[role=option]"); if (o) take(o); });
    input.addEventListener("blur", () => open(false));
  }

  // sending: once, and saying so; an answer that never came may be asked for again
  const rest = (form, waiting) => {
    delete form.dataset.sending;
    all("[data-busy]", form).forEach((b) => { b.disabled = false; if (b.dataset.word) b.innerHTML = b.dataset.word; });
    if (waiting) all("[data-unsaved]", form).forEach((n) => { n.hidden = false; });
  };
  doc.addEventListener("submit", (event) => {
    const form = event.target, buttons = all("[data-busy]", form);
    if (!buttons.length || event.defaultPrevented || event.submitter?.formTarget) return; // the answer opens elsewhere
    if (form.dataset.sending || navigator.onLine === false) {
      event.preventDefault();
      if (!form.dataset.sending) rest(form, true);
      return;
    }
    form.dataset.sending = "1";
    setTimeout(() => buttons.forEach((b) => { b.dataset.word = b.innerHTML; b.textContent = b.dataset.busy; b.disabled = true; }));
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) all("form[data-sending]").forEach((f) => rest(f, true)); });

  all("[data-print]").forEach((b) => { b.hidden = false; b.addEventListener("click", () => window.print()); });
  all("[data-js]").forEach((e) => { e.hidden = false; });
  one("[aria-invalid=true]")?.focus();
})();
