package db

import "testing"

func TestKeysOfThePythonBackend(t *testing.T) {
	const usual, hex = "940855e6-7de8-4125-b4c6-0207fc35f6c7", "940855e67de84125b4c60207fc35f6c7"
	if got := DjangoUUID("940855E6-7DE8-4125-B4C6-0207FC35F6C7").bind(true); got != hex {
		t.Errorf("char(32): %v", got)
	}
	if got := DjangoUUID(usual).bind(false); got != usual {
		t.Errorf("elsewhere: %v", got)
	}
	for _, src := range []any{usual, hex, hex + "    ", []byte(usual), [16]byte{0x94, 0x08, 0x55, 0xe6, 0x7d, 0xe8, 0x41, 0x25, 0xb4, 0xc6, 0x02, 0x07, 0xfc, 0x35, 0xf6, 0xc7}} {
		var u UUID
		if err := u.Scan(src); err != nil || u != usual {
			t.Errorf("%v: %q %v", src, u, err)
		}
	}
}
