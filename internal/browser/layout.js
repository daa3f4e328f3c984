() => {
	"use strict";
	const {describe} = window.bailiwick;
	const faults = [];
	const root = document.documentElement;
	const width = root.clientWidth;
	const interactive = "a[href], button, input:not([type=hidden]), select, textarea, summary";
	const style = el => getComputedStyle(el);
	const round = n => Math.round(n * 10) / 10;

	// hiddenVisually: read to people, but not shown: 1 pixel large or clipped away.
	const hiddenVisually = el => {
		for (let e = el; e && e !== root; e = e.parentElement) {
			const box = e.getBoundingClientRect(), s = style(e);
			const clipped = s.overflowX === "hidden" || s.overflowX === "clip" || s.clip !== "auto" ||
				s.clipPath !== "none";
			if (clipped && box.width <= 1.5 && box.height <= 1.5) return true;
			if (/^rect\(0px,? 0px,? 0px,? 0px\)|^rect\(1px,? 1px,? 1px,? 1px\)/.test(s.clip)) return true;
			if (/^inset\((50|100)%/.test(s.clipPath)) return true;
		}
		return false;
	};
	const shown = el => el.checkVisibility({opacityProperty: true, visibilityProperty: true}) &&
		!hiddenVisually(el);
	const clips = el => style(el).overflowX !== "visible" || style(el).overflowY !== "visible";
	const ancestors = el => {
		const all = [];
		for (let e = el.parentElement; e && e !== document.body && e !== root; e = e.parentElement)
			all.push(e);
		return all;
	};

	if (document.scrollingElement.scrollWidth > width)
		faults.push(`the document is ${document.scrollingElement.scrollWidth} px wide in a window of ${width} px`);

	// What sticks out. An element further up that does counts alone.
	const out = [];
	for (const el of document.body.querySelectorAll("*")) {
		const box = el.getBoundingClientRect();
		if (!box.width || !box.height || !shown(el) || ancestors(el).some(clips)) continue;
		const right = box.right > width + 1, left = box.left < -1 && box.right > 0;
		if (!(right || left) || out.some(o => o.contains(el))) continue;
		out.push(el);
		faults.push(`${describe(el)} sticks out: from ${round(box.left)} to ${round(box.right)} of ${width} px`);
	}

	// Targets: each with the boxes of its lines, as far as they are seen.
	const modal = document.querySelector(":modal");
	const seen = (el, box) => {
		let {left, top, right, bottom} = box;
		for (const a of ancestors(el).filter(clips)) {
			const b = a.getBoundingClientRect();
			left = Math.max(left, b.left), right = Math.min(right, b.right);
			top = Math.max(top, b.top), bottom = Math.min(bottom, b.bottom);
		}
		return {left, top, right, bottom, width: right - left, height: bottom - top};
	};
	const pinned = el => [el, ...ancestors(el)].some(e => /fixed|sticky/.test(style(e).position));
	const targets = [...document.querySelectorAll(interactive)]
		.filter(el => shown(el) && (!modal || modal.contains(el)))
		.map(el => ({
			el, pinned: pinned(el),
			boxes: [...el.getClientRects()].map(b => seen(el, b))
				.filter(b => b.width > 0 && b.height > 0 && b.right > 0 && b.bottom + scrollY > 0),
		}))
		.filter(t => t.boxes.length);

	const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
		Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
	targets.forEach((a, i) => targets.slice(i + 1).forEach(b => {
		if (a.pinned !== b.pinned || a.el.contains(b.el) || b.el.contains(a.el)) return;
		if (a.boxes.some(x => b.boxes.some(y => meet(x, y))))
			faults.push(`${describe(a.el)} and ${describe(b.el)} overlap`);
	}));

	// WCAG 2.5.8: 24 px, or a circle of 24 px that meets no other target, or a link in a sentence.
	const inSentence = el => {
		if (style(el).display !== "inline") return false;
		let block = el.parentElement;
		while (block && style(block).display === "inline") block = block.parentElement;
		return !!block && [...block.childNodes].some(n => !n.contains(el) &&
			!(n.matches && n.matches(interactive)) && n.textContent.trim());
	};
	const whole = t => {
		const label = t.el.closest("label");
		const boxes = label ? [...t.boxes, label.getBoundingClientRect()] : t.boxes;
		const left = Math.min(...boxes.map(b => b.left)), right = Math.max(...boxes.map(b => b.right));
		const top = Math.min(...boxes.map(b => b.top)), bottom = Math.max(...boxes.map(b => b.bottom));
		return {left, top, right, bottom, width: right - left, height: bottom - top,
			x: (left + right) / 2, y: (top + bottom) / 2};
	};
	const sized = targets.map(t => ({el: t.el, box: whole(t)}));
	const small = t => t.box.width < 23.99 || t.box.height < 23.99;
	const distance = (t, b) => Math.hypot(Math.max(b.left - t.x, 0, t.x - b.right),
		Math.max(b.top - t.y, 0, t.y - b.bottom));
	const crowded = t => sized.find(o => o.el !== t.el && !o.el.contains(t.el) && !t.el.contains(o.el) &&
		(small(o) ? Math.hypot(o.box.x - t.box.x, o.box.y - t.box.y) < 24 ||
			distance(t.box, o.box) < 12 : distance(t.box, o.box) < 12));
	for (const t of sized.filter(small)) {
		const near = crowded(t);
		if (!near || inSentence(t.el)) continue;
		faults.push(`${describe(t.el)} is ${round(t.box.width)} × ${round(t.box.height)} px, less than 24, ` +
			`and near ${describe(near.el)}`);
	}

	// Text that is cut off.
	for (const el of document.body.querySelectorAll("*")) {
		const s = style(el);
		const cutsX = /hidden|clip/.test(s.overflowX) && el.scrollWidth > el.clientWidth + 1;
		const cutsY = /hidden|clip/.test(s.overflowY) && el.scrollHeight > el.clientHeight + 1;
		if (!(cutsX || cutsY) || !el.clientWidth || !el.innerText?.trim() || !shown(el)) continue;
		if (el.closest("[title]") || el.querySelector("[title]")) continue;
		faults.push(`${describe(el)} cuts its text off`);
	}

	// Fields without a label that is seen.
	for (const {el} of targets) {
		if (!el.matches("input:not([type=submit], [type=button], [type=reset], [type=image]), select, textarea"))
			continue;
		const named = (el.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean)
			.map(id => document.getElementById(id));
		const labels = [...(el.labels || []), ...named].filter(l => l && l.innerText.trim());
		if (!labels.length && !el.getAttribute("aria-label") && !el.title)
			faults.push(`${describe(el)} has no label`);
	}
	return faults;
}
