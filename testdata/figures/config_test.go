package main

import (
	"os"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/parser/amct"
)

// TestAutoencoderConfig holds that the configuration names every dense layer of the network.
func TestAutoencoderConfig(t *testing.T) {
	b := &bench{root: "../.."}
	text, err := os.ReadFile(b.path(autoencoderConfig))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := amct.ParseConfig(autoencoderConfig, text)
	if err != nil {
		t.Fatal(err)
	}
	m, err := autoencode.load(b)
	if err != nil {
		t.Fatal(err)
	}
	c := amctc.NewContext(t.Context())
	if _, err := amctc.ApplyConfig(c, cfg, m.Main()); err != nil {
		t.Fatal(err)
	}
	dense := 0
	for _, n := range m.Main().Nodes {
		if n.Op.Name != "nn.dense" {
			continue
		}
		dense++
		if l, ok := c.Settings.Layers[n.Name]; !ok || l.Skip || l.Weight.PerChannel == nil || !*l.Weight.PerChannel || !l.Activation.Asymmetric {
			t.Errorf("layer %s has settings %+v", n.Name, l)
		}
	}
	if dense != 6 {
		t.Errorf("%d dense layers", dense)
	}
}
