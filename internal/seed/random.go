package seed

import (
	"math/rand/v2"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// seedNumber is the one seed of all synthetic data.
const seedNumber = 2019

// random is chance that repeats itself.
type random struct {
	*rand.Rand
	source *rand.PCG
}

func newRandom(seed uint64) random {
	source := rand.NewPCG(seed, 0x6f70656e494d4953)
	return random{rand.New(source), source}
}

// between is a whole number from low to high, both included.
func (r random) between(low, high int) int { return low + r.IntN(high-low+1) }

// chance is true in a share p of all cases.
func (r random) chance(p float64) bool { return r.Float64() < p }

// guid is a version 4 GUID.
func (r random) guid() string {
	var u uuid.UUID
	a, b := r.Uint64(), r.Uint64()
	for i := range 8 {
		u[i], u[i+8] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return u.String()
}

// some is a number around mean: the number of successes in eight trials.
func (r random) some(mean float64) int {
	n := 0
	for range 8 {
		if r.chance(mean / 8) {
			n++
		}
	}
	return n
}

func pick[T any](r random, list []T) T { return list[r.IntN(len(list))] }

// weighted is one of several values with their weights.
type weighted[T any] []struct {
	weight int
	value  T
}

func (w weighted[T]) pick(r random) T {
	sum := 0
	for _, x := range w {
		sum += x.weight
	}
	n := r.IntN(sum)
	for _, x := range w {
		if n < x.weight {
			return x.value
		}
		n -= x.weight
	}
	return w[0].value
}

// money is an amount in whole units.
func money(units int) decimal.Decimal { return decimal.NewFromInt(int64(units)) }
