package apifhir

import (
	"encoding/json"
	"net/http"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// The content types of patches. A partial resource is merged (RFC 7396), also when it comes as
// application/json, as the Python backend took it.
const (
	typePatch = "application/json-patch+json"
	typeMerge = "application/merge-patch+json"
)

// mostOperations bounds a JSON Patch.
const mostOperations = 1000

// patch changes parts of a resource: it is read, changed and updated in one transaction.
func (q *call) patch(res *Resource, id string) (reply, error) {
	body, kind, err := q.body(typeMerge, typePatch, typeJSON, typeFHIR)
	if err != nil {
		return reply{}, err
	}
	if q.inBundle {
		if body, kind, err = unwrapped(body, kind); err != nil {
			return reply{}, err
		}
	}
	change, err := patcher(res, body, kind)
	if err != nil {
		return reply{}, err
	}
	in := &Input{By: auth.From(q.context()), Now: q.s.conf.Clock(), ID: id}
	return q.replace(res, in, change)
}

// unwrapped takes a patch out of the Binary in which Bundles carry what is no resource; others stay as they are.
func unwrapped(body []byte, kind string) ([]byte, string, error) {
	var binary struct {
		ResourceType string `json:"resourceType"`
		ContentType  string `json:"contentType"`
		Data         []byte `json:"data"`
	}
	if json.Unmarshal(body, &binary) != nil || binary.ResourceType != "Binary" {
		return body, kind, nil
	}
	if kind, _, _ = strings.Cut(binary.ContentType, ";"); kind != typePatch && kind != typeMerge {
		return nil, "", fault.Input("Binary.contentType", "Binary.contentType must be %s or %s, not %s.", typePatch, typeMerge, fault.Quote(binary.ContentType))
	}
	return binary.Data, kind, nil
}

// patcher reads a patch and gives the function that applies it.
func patcher(res *Resource, body []byte, kind string) (func([]byte) ([]byte, error), error) {
	list := len(body) > 0 && firstByte(body) == '['
	if kind == typePatch || list && kind != typeMerge {
		patch, err := jsonpatch.DecodePatch(body)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "The body is not a JSON Patch (RFC 6902): a list of operations is expected.")
		}
		if len(patch) > mostOperations {
			return nil, fault.New(fault.Invalid, "A JSON Patch takes at most %d operations.", mostOperations)
		}
		options := jsonpatch.NewApplyOptions()
		options.AccumulatedCopySizeLimit = 1 << 20
		return func(current []byte) ([]byte, error) {
			out, err := patch.ApplyWithOptions(current, options)
			if err != nil {
				return nil, &refusal{status: http.StatusUnprocessableEntity, issue: issueProcessing,
					text: "The JSON Patch cannot be applied to " + res.Type + " as it is: " + err.Error() + "."}
			}
			return out, checkBody(res, out)
		}, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		return nil, fault.New(fault.Invalid, "The body must be a JSON object with the members to change, or a JSON Patch (%s).", typePatch)
	}
	if string(object["resourceType"]) == `"Parameters"` {
		return nil, fault.Input("resourceType", "FHIRPath Patch is not supported; send a JSON Patch (%s) or the members to change (%s).", typePatch, typeMerge)
	}
	return func(current []byte) ([]byte, error) {
		out, err := jsonpatch.MergePatch(current, body)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "The members cannot be merged into %s.", res.Type)
		}
		return out, checkBody(res, out)
	}, nil
}

func firstByte(b []byte) byte {
	for _, c := range b {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}
