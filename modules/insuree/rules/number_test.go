package rules

import "testing"

func TestNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		ask    Numbers
		number string
		want   NumberFault
	}{
		"nothing is asked":               {Numbers{}, "A-7", NumberFine},
		"none":                           {Numbers{}, "", NumberMissing},
		"none where a length is asked":   {Numbers{Length: 9}, "", NumberMissing},
		"the length":                     {Numbers{Length: 9}, "070707081", NumberFine},
		"one too few":                    {Numbers{Length: 9}, "07070708", NumberLength},
		"one too many":                   {Numbers{Length: 9}, "0707070811", NumberLength},
		"characters count, not bytes":    {Numbers{Length: 3}, "éèà", NumberFine},
		"remainder of 7":                 {Numbers{Modulo: 7}, "07070708" + "1", NumberFine},
		"another remainder of 7":         {Numbers{Modulo: 7}, "123" + "4", NumberFine},
		"not the remainder of 7":         {Numbers{Modulo: 7}, "123" + "5", NumberCheckDigit},
		"longer than any integer":        {Numbers{Modulo: 7}, "10000000000000000000000000000" + "4", NumberFine},
		"Luhn":                           {Numbers{Modulo: 10}, "7992739871" + "3", NumberFine},
		"Luhn, two digits swapped":       {Numbers{Modulo: 10}, "7992738971" + "3", NumberCheckDigit},
		"Luhn of zeros":                  {Numbers{Modulo: 10}, "000", NumberFine},
		"a letter":                       {Numbers{Modulo: 7}, "12A4", NumberNoDigits},
		"digits of another script":       {Numbers{Modulo: 7}, "१२३४", NumberNoDigits},
		"nothing before the check digit": {Numbers{Modulo: 7}, "4", NumberNoDigits},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.ask.Check(c.number); got != c.want {
				t.Errorf("%s: %d, want %d", c.number, got, c.want)
			}
		})
	}
}
