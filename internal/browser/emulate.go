package browser

import (
	"context"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Emulate changes what the page is seen with. Scripts are turned on or off, and distances of text
// taken away, for the next document.
func (p *Page) Emulate(o Options) {
	p.t.Helper()
	p.options = o
	for _, host := range o.Hosts {
		p.watch.allow(host)
	}
	p.do("emulate", func(ctx context.Context) error {
		if err := p.emulate(ctx); err != nil {
			return err
		}
		return p.awaitNavigation(ctx)
	})
}

func (p *Page) emulate(ctx context.Context) error {
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, p.options.metrics())
	if err != nil {
		return err
	}
	_, err = chromedp.Call(ctx, emulation.SetTouchEmulationEnabled,
		emulation.SetTouchEmulationEnabledParams{Enabled: p.options.Mobile})
	if err != nil {
		return err
	}
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia,
		emulation.SetEmulatedMediaParams{Features: p.options.features()})
	if err != nil {
		return err
	}
	return setScriptsOff(ctx, p.options.ScriptsOff)
}

// metrics are those of a window. Zoom makes its pixels larger, and so fewer.
func (o Options) metrics() emulation.SetDeviceMetricsOverrideParams {
	width, height, zoom := o.Width, o.Height, o.Zoom
	if width == 0 {
		width = 1280
	}
	if height == 0 {
		height = 800
	}
	if zoom == 0 {
		zoom = 100
	}
	return emulation.SetDeviceMetricsOverrideParams{
		Width: int64(width * 100 / zoom), Height: int64(height * 100 / zoom),
		DeviceScaleFactor: float64(zoom) / 100, Mobile: o.Mobile,
	}
}

func (o Options) features() []*emulation.MediaFeature {
	choose := func(name string, on bool, yes, no string) *emulation.MediaFeature {
		if on {
			return &emulation.MediaFeature{Name: name, Value: yes}
		}
		return &emulation.MediaFeature{Name: name, Value: no}
	}
	return []*emulation.MediaFeature{
		choose("prefers-color-scheme", o.Dark, "dark", "light"),
		choose("prefers-reduced-motion", o.ReducedMotion, "reduce", "no-preference"),
		choose("forced-colors", o.ForcedColors, "active", "none"),
	}
}

// spacing is what WCAG 1.4.12 lets readers set.
const spacing = `* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
	word-spacing: 0.16em !important }
p { margin-block-end: 2em !important }`

// spacingScript adds a constructed style sheet: the content security policy holds for others only.
const spacingScript = `css => {
	if (window.bailiwickSpacing) return true;
	const sheet = new CSSStyleSheet();
	sheet.replaceSync(css);
	document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
	return window.bailiwickSpacing = true;
}`
