package main

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// holding is what one proxy has of one kind.
type holding struct {
	// numbers are those of the resources, by the index of their names; 0: not there.
	numbers []uint32
	count   int
	// content is a sum of what is held: equal sums mean equal resources.
	content uint64
}

func (h *holding) put(r *resource) {
	h.drop(r.name)
	if missing := r.name.index + 1 - len(h.numbers); missing > 0 {
		h.numbers = append(h.numbers, make([]uint32, missing)...)
	}
	h.numbers[r.name.index] = r.number
	h.count++
	h.content ^= mix(r.number)
}

func (h *holding) drop(n *name) {
	if n.index >= len(h.numbers) || h.numbers[n.index] == 0 {
		return
	}
	h.content ^= mix(h.numbers[n.index])
	h.numbers[n.index] = 0
	h.count--
}

func (h *holding) clear() { *h = holding{numbers: h.numbers[:0]} }

// mix spreads a number over 64 bits (the finaliser of SplitMix64).
func mix(number uint32) uint64 {
	x := uint64(number) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// nameSet is a list of names as it stands in a request. Proxies that ask for the same share it.
type nameSet struct {
	names []string
	// encoded is field 3: DiscoveryRequest.resource_names and DeltaDiscoveryRequest.resource_names_subscribe.
	encoded []byte
}

var noNames = &nameSet{}

type setKey struct {
	kind    kind
	content uint64
	// versions tells initial_resource_versions from names.
	versions bool
}

// dependents are the names that the resources of a holding ask for.
func (g *registry) dependents(k kind, h *holding) *nameSet {
	return g.set(setKey{kind: k, content: h.content}, func() *nameSet {
		var names []string
		for _, number := range h.numbers {
			if number != 0 {
				names = append(names, g.byNumber[number].dependents...)
			}
		}
		slices.Sort(names)
		return newNameSet(slices.Compact(names))
	})
}

// versions is DeltaDiscoveryRequest.initial_resource_versions for a holding, encoded.
func (g *registry) versions(k kind, h *holding) []byte {
	set := g.set(setKey{kind: k, content: h.content, versions: true}, func() *nameSet {
		var encoded []byte
		for _, number := range h.numbers {
			if number == 0 {
				continue
			}
			r := g.byNumber[number]
			entry := appendText(appendText(nil, 1, r.name.text), 2, r.version)
			encoded = protowire.AppendTag(encoded, 5, protowire.BytesType)
			encoded = protowire.AppendBytes(encoded, entry)
		}
		return &nameSet{encoded: encoded}
	})
	return set.encoded
}

func (g *registry) set(key setKey, build func() *nameSet) *nameSet {
	g.mu.Lock()
	defer g.mu.Unlock()
	if found := g.sets[key]; found != nil {
		return found
	}
	set := build()
	g.sets[key] = set
	return set
}

func newNameSet(names []string) *nameSet {
	set := &nameSet{names: names}
	for _, n := range names {
		set.encoded = appendText(set.encoded, 3, n)
	}
	return set
}

// without gives the names of a set that another does not have.
func (s *nameSet) without(other *nameSet) *nameSet {
	var names []string
	for _, n := range s.names {
		if _, found := slices.BinarySearch(other.names, n); !found {
			names = append(names, n)
		}
	}
	return newNameSet(names)
}

func appendText(bytes []byte, number protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(bytes, number, protowire.BytesType), text)
}
