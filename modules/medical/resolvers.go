package medical

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

// Query resolves the module's root fields.
type Query struct{ app *modules.App }

// Diagnoses lists diagnoses.
func (q *Query) Diagnoses(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Diagnosis, nil)
}

// DiagnosesStr lists diagnoses by a part of code or name, for the picker.
func (q *Query) DiagnosesStr(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Diagnosis, func(c entity.Cond, args map[string]any) error {
		c.Search(args, "ICDCode", "ICDName")
		return nil
	})
}

// MedicalItems lists medical items.
func (q *Query) MedicalItems(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Item, nil)
}

// MedicalItemsStr lists medical items by a part of code or name, for the picker.
func (q *Query) MedicalItemsStr(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Item, func(c entity.Cond, args map[string]any) error {
		c.Search(args, "ItemCode", "ItemName")
		return nil
	})
}

// MedicalServices lists medical services.
func (q *Query) MedicalServices(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Service, nil)
}

// MedicalServicesStr lists medical services by a part of code or name, for the picker.
func (q *Query) MedicalServicesStr(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Service, func(c entity.Cond, args map[string]any) error {
		c.Search(args, "ServCode", "ServName")
		return nil
	})
}
