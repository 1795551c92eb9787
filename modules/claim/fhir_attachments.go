package claim

import (
	"context"
	"crypto/sha1" //nolint:gosec // FHIR says how attachments are hashed
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/db"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

// attachmentTable is that of the Python backend, which has the documents of claims as base64. Where it never ran,
// `server migrate` makes it.
const attachmentTable = "claim_ClaimAttachment"

// What is taken as an attachment.
const (
	mostAttachments    = 10      // of a claim
	largestAttachment  = 5 << 20 // bytes of one document
	longestAttachments = 255     // characters of a title
)

// attachmentTypes are the MIME types beside texts, which upstream takes, and PDF, which clients send.
var attachmentTypes = []string{"image/png", "image/jpeg", "image/jpg", "application/pdf", "application/msword",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document"}

// fhirAttachment is a document of a claim.
type fhirAttachment struct {
	Claim    int        `db:"claim_id"`
	Title    *string    `db:"title"`
	File     *string    `db:"filename"`
	MIME     *string    `db:"mime"`
	Date     *time.Time `db:"date"`
	URL      *string    `db:"url"`
	Document *string    `db:"document"` // base64; read for a single claim only
}

// fhir is the attachment as an element, with its document if that was read.
func (a *fhirAttachment) fhir() *fhir.Attachment {
	out := &fhir.Attachment{ContentType: trimmed(a.MIME), Title: trimmed(a.Title)}
	if out.Title == nil {
		out.Title = trimmed(a.File)
	}
	if a.Date != nil {
		out.Creation = apifhir.Ptr(apifhir.DateText(*a.Date))
	}
	if url := fhirsql.Trim(a.URL); strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://") { // else the path of a file
		out.Url = &url
	}
	if text := fhirsql.Trim(a.Document); text != "" {
		out.Data = &text
		if data, err := base64.StdEncoding.DecodeString(text); err == nil {
			sum := sha1.Sum(data) //nolint:gosec // as above
			out.Size = apifhir.Ptr(len(data))
			out.Hash = apifhir.Ptr(base64.StdEncoding.EncodeToString(sum[:]))
		}
	}
	return out
}

func trimmed(s *string) *string {
	if text := fhirsql.Trim(s); text != "" {
		return &text
	}
	return nil
}

// attach reads an attachment. A hash, where one is given, has to be the SHA-1 of the document, or as upstream writes it of
// its base64 text in hexadecimal.
func (f *fhirForm) attach(a *fhir.Attachment, path string) {
	if a == nil || fhirsql.Trim(a.Data) == "" {
		f.wrong(path, "%s needs data: the document in base64.", path)
		return
	}
	if len(f.attachments) == mostAttachments {
		f.wrong(path, "A claim has at most %d attachments.", mostAttachments)
		return
	}
	text := strings.Join(strings.Fields(*a.Data), "")
	if base64.StdEncoding.DecodedLen(len(text)) > largestAttachment+2 {
		f.wrong(path+".data", "%s.data is larger than %d MB.", path, largestAttachment>>20)
		return
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		f.wrong(path+".data", "%s.data is not a base64: %s.", path, err)
		return
	}
	kind, _, err := mime.ParseMediaType(fhirsql.Trim(a.ContentType))
	if err != nil || !slices.Contains(attachmentTypes, kind) && (!strings.HasPrefix(kind, "text/") || kind == "text/html") {
		f.wrong(path+".contentType", "%s.contentType: %s is not allowed; allowed are texts, %s.", path, strconv.Quote(fhirsql.Trim(a.ContentType)), strings.Join(attachmentTypes, ", "))
		return
	}
	if hash := fhirsql.Trim(a.Hash); hash != "" && !hashes(hash, data, text) {
		f.wrong(path+".hash", "%s.hash is not the SHA-1 of data.", path)
		return
	}
	kept := fhirAttachment{Title: f.text(a.Title, path+".title", longestAttachments), MIME: &kind, Document: &text}
	if day := f.day(a.Creation, path+".creation", ""); !day.IsZero() {
		kept.Date = &day
	}
	f.attachments = append(f.attachments, kept)
}

func hashes(hash string, data []byte, text string) bool {
	ofData, ofText := sha1.Sum(data), sha1.Sum([]byte(text)) //nolint:gosec // as above
	return hash == base64.StdEncoding.EncodeToString(ofData[:]) || strings.EqualFold(hash, hex.EncodeToString(ofData[:])) ||
		strings.EqualFold(hash, hex.EncodeToString(ofText[:]))
}

// keepAttachments writes the documents of a claim.
func keepAttachments(ctx context.Context, tx *db.Tx, claim int, list []fhirAttachment, now time.Time) error {
	for i := range list {
		a := &list[i]
		date := a.Date
		if date == nil {
			date = &now
		}
		_, err := tx.Insert(ctx, attachmentTable, db.Values{"id": db.NewUUID(), "ValidityFrom": now, "claim_id": claim, "title": a.Title, "filename": a.Title, "mime": a.MIME,
			"date": *date, "document": a.Document, "general_type": "FILE"})
		if err != nil {
			return fmt.Errorf("keep attachment %d of claim %d: %w", i+1, claim, err)
		}
	}
	return nil
}

// attachmentsOf reads what there is to say of the attachments of claims, without the documents.
func attachmentsOf(_ context.Context, q db.Query, rows []fhirClaim) (db.Read, func(), error) {
	if !q.Offers(attachmentTable, "document") {
		return db.Read{}, nil, nil
	}
	keys, at := fhirsql.ByKey(rows)
	var found []fhirAttachment
	return readAttachments(&found, keys, ""), func() {
		for _, a := range found {
			for _, c := range at[a.Claim] {
				c.attachments = append(c.attachments, a)
			}
		}
	}, nil
}

// readAttachments reads attachments, with further columns, always in the same order.
func readAttachments(found *[]fhirAttachment, claims db.Ints, more string) db.Read {
	return db.Read{Dest: found, Src: `SELECT a."claim_id", a."title", a."filename", a."mime", a."date", a."url"` + more + ` FROM "claim_ClaimAttachment" AS a
		WHERE a."claim_id" IN $ints(?) AND a."ValidityTo" IS NULL ORDER BY a."claim_id", a."ValidityFrom", a."id"`, Args: []any{claims}}
}

// withDocuments adds the documents to the claim that is read alone: in lists they would be too much.
func withDocuments(r apifhir.Resource) apifhir.Resource {
	read := r.Read
	r.Read = func(ctx context.Context, q db.Query, id string) (apifhir.Entry, error) {
		e, err := read(ctx, q, id)
		claim, ok := e.Resource.(*fhir.Claim)
		if err != nil || !ok || !slices.ContainsFunc(claim.SupportingInfo, func(i fhir.ClaimSupportingInfo) bool { return i.ValueAttachment != nil }) {
			return e, err
		}
		key, err := strconv.Atoi(e.Position)
		if err != nil {
			return e, fmt.Errorf("the position of claim %s: %w", id, err)
		}
		var documents []fhirAttachment
		if err := db.Together(ctx, q, readAttachments(&documents, db.Ints{key}, `, a."document"`)); err != nil {
			return e, fmt.Errorf("read the attachments of claim %s: %w", id, err)
		}
		for i := range claim.SupportingInfo {
			if info := &claim.SupportingInfo[i]; info.ValueAttachment != nil && len(documents) > 0 {
				info.ValueAttachment, documents = documents[0].fhir(), documents[1:]
			}
		}
		return e, err
	}
	return r
}
