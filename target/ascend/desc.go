package ascend

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/amctc/amctc/target"
)

//go:embed desc/*.desc
var descFS embed.FS

var descriptions = sync.OnceValue(func() map[string]*target.Description {
	files, err := descFS.ReadDir("desc")
	if err != nil {
		panic(err)
	}
	m := map[string]*target.Description{}
	for _, f := range files {
		text, err := descFS.ReadFile("desc/" + f.Name())
		if err != nil {
			panic(err)
		}
		d, err := target.ParseDescription(string(text))
		if err != nil {
			panic(fmt.Sprintf("desc/%s:%v", f.Name(), err))
		}
		m[d.Name] = d
	}
	return m
})

// Names lists the SoCs that have a description, sorted.
func Names() []string {
	var names []string
	for n := range descriptions() {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Describe returns the description of a SoC. It is shared: don't change it.
func Describe(name string) (*target.Description, error) {
	if d := descriptions()[name]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("no description of SoC %q (there are %s)", name, strings.Join(Names(), ", "))
}

// DescriptionText returns the text of a SoC's description as it is bundled with compiled programs.
func DescriptionText(name string) (string, error) {
	d, err := Describe(name)
	if err != nil {
		return "", err
	}
	return d.String(), nil
}
