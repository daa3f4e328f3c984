package tenancy

import "unicode"

// showsNothing are the characters that a reader doesn't see, or that change how the text
// around them is shown: two different names with them could look the same. They are the
// general categories Cc, Cf, Zl and Zp of the Unicode Character Database (controls,
// bidirectional and other format characters, the soft hyphen, zero-width characters, the
// byte order mark, interlinear annotations, tags, line and paragraph separators), and the
// rest of the derived property Default_Ignorable_Code_Point (Unicode Standard Annex #44:
// fillers, joiners and variation selectors) with the noncharacters.
var showsNothing = []*unicode.RangeTable{
	unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point,
	unicode.Variation_Selector, unicode.Noncharacter_Code_Point,
}

// ShowsNothing reports whether r is invisible or changes how the text around it is shown.
// No name contains such a character.
func ShowsNothing(r rune) bool { return unicode.In(r, showsNothing...) }
