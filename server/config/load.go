package config

import (
	"errors"
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// maxFile bounds what is read of a configuration file.
const maxFile = 1 << 20

// Load reads the file strictly over Default, and validates it: an unknown or repeated field is an error, since a setting that is
// misspelt would otherwise silently be the default.
func Load(path string) (Config, error) {
	f, err := LoadFile(path)
	return f.Config, err
}

// File is a configuration, and which file it was.
type File struct {
	Config
	// Hash is the Hash of the file's content.
	Hash string
}

// LoadFile is Load for who has to say what was loaded.
func LoadFile(path string) (File, error) {
	content, err := read(path)
	if err != nil {
		return File{}, fmt.Errorf("read configuration: %w", err)
	}
	c, err := parse(content)
	if err != nil {
		return File{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	return File{Config: c, Hash: Hash(content)}, nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return content, err
}

func parse(content []byte) (Config, error) {
	// The version first: a file of another version has other fields, and complaints about those would hide the cause.
	var version struct {
		APIVersion string `json:"apiVersion"`
	}
	if err := yaml.Unmarshal(content, &version); err != nil {
		return Config{}, fmt.Errorf("decode: %w", err)
	}
	if version.APIVersion != APIVersion {
		return Config{}, fmt.Errorf("apiVersion: %q is not %q, the one version that this server reads", version.APIVersion, APIVersion)
	}
	c := Default()
	if err := decodeStrict(content, &c); err != nil {
		return Config{}, fmt.Errorf("decode: %w", err)
	}
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// decodeStrict also minds upper and lower case, which encoding/json does not: redirectUris would otherwise overwrite redirectURIs.
func decodeStrict(content []byte, into *Config) error {
	document, err := yaml.YAMLToJSONStrict(content)
	if err != nil {
		return err
	}
	unknown, err := json.UnmarshalStrict(document, into)
	return errors.Join(append(unknown, err)...)
}

// Marshal returns the file that Load reads.
func (c Config) Marshal() ([]byte, error) {
	content, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	return content, nil
}

// problems collects what Validate finds.
type problems []error

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
}

// check adds a problem unless ok.
func (p *problems) check(ok bool, field, format string, args ...any) {
	if !ok {
		p.add(field, format, args...)
	}
}

func (p problems) err() error { return errors.Join(p...) }
