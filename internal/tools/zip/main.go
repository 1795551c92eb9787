// Command zip puts a folder into a zip archive, for `make dist`: nothing but Go is needed for it.
//
//	zip ARCHIVE FOLDER
package main

import (
	"archive/zip"
	"errors"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: zip ARCHIVE FOLDER")
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		log.Fatal("zip: ", err)
	}
}

func pack(archive, folder string) (err error) {
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := zip.NewWriter(f)
	if err := w.AddFS(os.DirFS(folder)); err != nil {
		return err
	}
	return w.Close()
}
