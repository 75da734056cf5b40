//go:build snippets

package snippets

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// language says how a block becomes a program that verifies the token in its first argument, prints its subject and exits with 0, or
// exits with 1.
type language struct {
	// block is the file that the document's block goes to, driver what calls it.
	block, driver, program string
	// build makes a program of what is in dir, in the languages that need it.
	build   func(dir string) *exec.Cmd
	command func(dir string) []string
}

// jackson is where Debian's package keeps it.
const jackson = "/usr/share/java/jackson-annotations.jar:/usr/share/java/jackson-core.jar:/usr/share/java/jackson-databind.jar"

var languages = map[string]language{
	"go": {"handler.go", "main.go", `package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
)

func main() {
	handler, err := newHandler()
	if err != nil {
		panic(err)
	}
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Cookie", "__Host-shop="+os.Args[1])
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	fmt.Print(answer.Body)
	if answer.Code == http.StatusUnauthorized {
		os.Exit(1)
	}
	if answer.Code != http.StatusOK {
		os.Exit(3)
	}
}
`, func(dir string) *exec.Cmd {
		return exec.Command("go", "build", "-o", filepath.Join(dir, "program"), "./"+filepath.Base(dir))
	}, func(dir string) []string { return []string{filepath.Join(dir, "program")} }},
	"js": {"verify.js", "main.js", `import { verify } from './verify.js'
import { errors } from 'jose'
try {
  process.stdout.write((await verify(process.argv[2])).sub)
} catch (e) {
  process.exitCode = e instanceof errors.JOSEError ? 1 : 3
}
`, nil, func(dir string) []string { return []string{"node", filepath.Join(dir, "main.js")} }},
	"python": {"verify.py", "main.py", `import sys

import jwt
from verify import verify

try:
    print(verify(sys.argv[1])["sub"], end="")
except (jwt.PyJWTError, ValueError):
    sys.exit(1)
`, nil, func(dir string) []string { return []string{"/usr/bin/python3", filepath.Join(dir, "main.py")} }},
	"java": {"AccessTokens.java", "Main.java", `import java.security.GeneralSecurityException;

final class Main {
  public static void main(String[] args) throws Exception {
    try {
      System.out.print(new AccessTokens().verify(args[0]).get("sub").asText());
    } catch (GeneralSecurityException e) {
      System.exit(1);
    } catch (Exception e) {
      e.printStackTrace();
      System.exit(3);
    }
  }
}
`, func(dir string) *exec.Cmd {
		return exec.Command("javac", "-Werror", "-cp", jackson, "-d", dir, filepath.Join(dir, "AccessTokens.java"), filepath.Join(dir, "Main.java"))
	}, func(dir string) []string {
		return []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", dir + ":" + jackson, "Main"}
	}},
}

func TestSnippets(t *testing.T) {
	document, err := os.ReadFile("../../docs/verify-tokens.md")
	if err != nil {
		t.Fatal(err)
	}
	i := newIssuer(t)
	tokens := i.tokens(t)
	for name, l := range languages {
		blocks := regexp.MustCompile("(?ms)^```"+name+"\n(.*?)^```").FindAllSubmatch(document, -1)
		if len(blocks) != 1 {
			t.Fatalf("the document has %d blocks of %s, want one", len(blocks), name)
		}
		// The address is all that is changed.
		block := strings.ReplaceAll(string(blocks[0][1]), "https://shop.example.com/auth", i.url())
		if !strings.Contains(block, i.url()) {
			t.Fatalf("the block of %s does not name the issuer", name)
		}
		t.Run(name, func(t *testing.T) {
			command := l.prepare(t, block)
			for what, token := range tokens {
				subject, accepted := verify(t, command, token)
				if want := strings.HasPrefix(what, "good"); accepted != want || (accepted && subject != "user") {
					t.Errorf("%s: accepted %v as %q, want %v", what, accepted, subject, want)
				}
			}
		})
	}
}

// prepare writes the block and what calls it, where its imports are found.
func (l language) prepare(t *testing.T, block string) []string {
	t.Helper()
	dir, err := os.MkdirTemp(".", "tmp-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for file, content := range map[string]string{l.block: block, l.driver: l.program} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if dir, err = filepath.Abs(dir); err != nil {
		t.Fatal(err)
	}
	if l.build != nil {
		if output, err := l.build(dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	return l.command(dir)
}

func verify(t *testing.T, command []string, token string) (subject string, accepted bool) {
	t.Helper()
	cmd := exec.Command(command[0], append(command[1:], token)...)
	var problems strings.Builder
	cmd.Stderr = &problems
	output, err := cmd.Output()
	// Anything but 0 and 1 is trouble, not a verdict.
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != 1 || (code == 1 && problems.Len() > 0) {
		t.Fatalf("%s: %v\n%s", command[0], err, problems.String())
	}
	return string(output), err == nil
}
