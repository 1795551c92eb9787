package webpage

import "testing"

func TestFill(t *testing.T) {
	for name, test := range map[string]struct{ got, want HTML }{
		"a text is escaped":            {Fill("<p>%s</p>", `<script>"a" & 'b'</script>`), "<p>&lt;script&gt;&#34;a&#34; &amp; &#39;b&#39;&lt;/script&gt;</p>"},
		"an attribute cannot be left":  {Fill(`<a href="%s">`, `"><img src=x onerror=y>`), `<a href="&#34;&gt;&lt;img src=x onerror=y&gt;">`},
		"HTML goes in as it is":        {Fill("<p>%s</p>", HTML("<b>x</b>")), "<p><b>x</b></p>"},
		"numbers keep their verbs":     {Fill("%d of %d", 3, 10), "3 of 10"},
		"an error is a text":           {Fill("%s", errText("<x>")), "&lt;x&gt;"},
		"what holds is there":          {When(true, "a"), "a"},
		"what does not hold is absent": {When(false, "a"), ""},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s, want %s", name, test.got, test.want)
		}
	}
}

type errText string

func (e errText) Error() string { return string(e) }
