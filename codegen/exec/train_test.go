package exec_test

import (
	"context"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/passes"
)

// TestTraining holds exec against the interpreter on random networks with their gradients, batch 3.
func TestTraining(t *testing.T) {
	ran := 0
	for seed := range uint64(150) {
		m := irtest.Random(seed)
		c := passes.NewContext(context.Background(), op.All())
		m.Main().Results = m.Main().Results[:1]
		dead, _ := passes.Lookup("dead-nodes")
		if err := dead.Run(c, m, m.Main()); err != nil {
			t.Fatal(err)
		}
		tr, err := passes.NewTrainable(c, m, passes.TrainOptions{Batch: 3, Frozen: seed%3 == 0})
		if err != nil || len(tr.Parameters) == 0 {
			t.Log(err)
			continue
		}
		if _, _, err := tr.Loss(c, "t.mse"); err != nil {
			t.Log(err)
			continue
		}
		ran++
		if err := compare(tr.Func, irtest.RandomInputs(tr.Func, seed, 3)); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, ir.Print(tr.Module))
		}
	}
	if ran < 50 {
		t.Errorf("only %d of 150 graphs were trained", ran)
	}
}
