(function () {
	"use strict";
	const {describe} = window.bailiwick;
	const tabbable = "a[href], area[href], button, input:not([type=hidden]), select, textarea, summary, " +
		"[tabindex], [contenteditable], audio[controls], video[controls]";

	const dates = ["date", "time", "datetime-local", "month", "week"].map(t => `input[type=${t}]`).join();

	const look = el => {
		const s = getComputedStyle(el);
		const line = (width, kind, color) => parseFloat(width) > 0 && kind !== "none" && kind !== "hidden" &&
			!/^(transparent|rgba\(.*, 0\))$/.test(color) ? `${width} ${kind} ${color}` : "";
		return [
			line(s.outlineWidth, s.outlineStyle, s.outlineColor),
			...["Top", "Right", "Bottom", "Left"].map(side => line(s[`border${side}Width`],
				s[`border${side}Style`], s[`border${side}Color`])),
			s.boxShadow === "none" || /^rgba\([^)]*, 0\) 0px 0px 0px 0px$/.test(s.boxShadow) ? "" : s.boxShadow,
		];
	};
	// parts are where the indicator of an element may be.
	const parts = el => [el, ...(el.labels || [])];
	const looks = el => parts(el).map(look);
	const finish = el => parts(el).forEach(e => e.getAnimations().forEach(a => {
		try { a.finish(); } catch { a.cancel(); } // one without an end
	}));
	const indicated = (before, after) => after.some((look, i) => look.some((value, k) =>
		value !== "" && value !== before[i]?.[k]));

	const reachable = el => {
		if (el.tabIndex < 0 || el.matches(":disabled") || el.closest("[inert]")) return false;
		if (!el.checkVisibility({visibilityProperty: true})) return false;
		const modal = document.querySelector(":modal");
		if (modal && !modal.contains(el)) return false;
		if (el.matches("summary") && el.parentElement?.querySelector(":scope > summary") !== el) return false;
		if (el.type !== "radio" || !el.name) return true;
		// Of a group of radio buttons the keyboard reaches one; arrows reach the others.
		const scope = el.form ? [...el.form.elements] : [...document.querySelectorAll("input")];
		const group = scope.filter(e => e.type === "radio" && e.name === el.name);
		return (group.find(e => e.checked) || group[0]) === el;
	};

	// start takes the focus away, so that Tab goes to the document's first element.
	const start = () => {
		document.activeElement?.blur();
		const root = document.documentElement, had = root.getAttribute("tabindex");
		root.tabIndex = -1;
		root.focus();
		if (had === null) root.removeAttribute("tabindex");
		else root.setAttribute("tabindex", had);
		root.blur();
		const all = [...document.querySelectorAll(tabbable)];
		all.forEach(finish);
		window.bailiwickWalk = {reached: [], before: new Map(all.map(el => [el, looks(el)]))};
		return all.filter(reachable).length;
	};

	const uncovered = el => {
		for (const box of el.getClientRects()) {
			const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
			const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
			if (right - left < 1 || bottom - top < 1) continue;
			const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
			if (hit && (el.contains(hit) || parts(el).some(p => p.contains(hit)))) return "";
			return hit ? "covered by " + describe(hit) : "outside of the window";
		}
		return "outside of the window";
	};

	// stop tells of the element that has the focus now. Index is that of an earlier stop, or -1.
	const stop = () => {
		const walk = window.bailiwickWalk, el = document.activeElement;
		if (!el || el === document.body || el === document.documentElement)
			return {None: true, Index: -1};
		const index = walk.reached.indexOf(el);
		if (index >= 0) return {Index: index, Parts: el.matches(dates)};
		walk.reached.push(el);
		finish(el);
		const hidden = uncovered(el);
		return {
			Index: -1, Element: describe(el), ID: el.id, Tag: el.tagName.toLowerCase(),
			Indicated: indicated(walk.before.get(el) || [], looks(el)), Hidden: hidden,
		};
	};

	// end returns what Tab should have reached.
	const end = () => {
		const walk = window.bailiwickWalk;
		const missed = [...document.querySelectorAll(tabbable)]
			.filter(el => reachable(el) && !walk.reached.includes(el)).map(describe);
		// What only a mouse reaches.
		const pointer = [...document.querySelectorAll("[onclick], [role=button], [role=link], [role=menuitem]," +
			" a:not([href]), button, a[href]")]
			.filter(el => el.checkVisibility({visibilityProperty: true}) && !el.closest("[inert]") &&
				!el.matches(":disabled, [aria-disabled=true], [aria-current]") && !walk.reached.includes(el) &&
				!reachable(el) && !document.querySelector(":modal"))
			.map(describe);
		return [...missed, ...pointer];
	};

	window.bailiwick.focus = {start, stop, end};
	return true;
})()
