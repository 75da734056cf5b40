//go:build benchscale

package scale

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

const managerUser = "manager"

// profiles is where the manager shows its profiles; PROFILE=<folder> keeps some of them.
const profiles = "127.0.0.1:26060"

// build compiles the manager as `make build` does.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "manager")
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "../../cmd/manager")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build the manager: %v\n%s", err, output)
	}
	return program
}

// manager is a manager's process.
type manager struct {
	w       *world
	command *exec.Cmd
	metrics string
	began   time.Time
	log     *os.File
	// ended is closed when the process is no more, and err is how it ended.
	ended chan struct{}
	err   error
}

// start runs the manager behind the proxy, as one of several that share a lease.
func (w *world) start(program string) *manager {
	w.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	m := &manager{w: w, metrics: free.Addr().String(), ended: make(chan struct{})}
	_ = free.Close()
	m.log, err = os.Create(filepath.Join(w.TempDir(), "log"))
	if err != nil {
		w.Fatal(err)
	}
	m.command = exec.Command(program, "--server-image=example.com/server:1", "--leader-elect", "--leader-election-namespace=default",
		"--metrics-bind-address="+m.metrics, "--health-probe-bind-address=0")
	if os.Getenv("PROFILE") != "" {
		m.command.Args = append(m.command.Args, "--pprof-bind-address="+profiles)
	}
	m.command.Env = append(os.Environ(), "KUBECONFIG="+w.kubeconfig(), fmt.Sprintf("MEMORY_LIMIT=%d", memoryLimit(w.T)))
	m.command.Stderr = m.log
	m.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	m.began = time.Now()
	if err := m.command.Start(); err != nil {
		w.Fatal(err)
	}
	go func() {
		m.err = m.command.Wait()
		close(m.ended)
	}()
	w.running = m
	w.Cleanup(m.stop)
	return m
}

// memoryLimit is what the chart lets the manager have, in bytes.
func memoryLimit(t *testing.T) int64 {
	t.Helper()
	content, err := os.ReadFile("../../charts/googlelogin/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values struct {
		Manager struct {
			Resources corev1.ResourceRequirements `json:"resources"`
		} `json:"manager"`
	}
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	return values.Manager.Resources.Limits.Memory().Value()
}

func (w *world) kubeconfig() string {
	w.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: w.proxy.server.URL, CertificateAuthorityData: w.proxy.ca()}
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{}
	config.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "x"
	file := filepath.Join(w.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		w.Fatal(err)
	}
	return file
}

// stop ends the manager as the kubelet does.
func (m *manager) stop() {
	if m.w.running != m {
		return
	}
	m.w.running = nil
	_ = m.command.Process.Signal(syscall.SIGTERM)
	<-m.ended
	if m.err != nil {
		m.w.Errorf("the manager ended with %v\n%s", m.err, m.lastWords())
	}
}

// wantAlive ends the test if the manager has ended: killed for its memory, say.
func (m *manager) wantAlive(what string) {
	m.w.Helper()
	select {
	case <-m.ended:
		m.w.running = nil
		m.w.Fatalf("%s: the manager has ended by itself: %v\n%s", what, m.err, m.lastWords())
	default:
	}
}

func (m *manager) lastWords() []byte {
	content, _ := os.ReadFile(m.log.Name())
	return content[max(0, len(content)-2000):]
}

// sayMemory tells what is the program's own file from what it has allocated.
func (m *manager) sayMemory() {
	m.w.Helper()
	say("resident: %.1f MiB allocated, %.1f MiB of the program's file", m.memory("RssAnon"), m.memory("RssFile"))
}

// memory reads a line of /proc/<pid>/status in MiB: VmRSS is what it has, VmHWM the most that it ever had.
func (m *manager) memory(line string) float64 {
	m.w.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.command.Process.Pid))
	if err != nil {
		m.w.Fatal(err)
	}
	for text := range strings.Lines(string(content)) {
		if rest, ok := strings.CutPrefix(text, line+":"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				m.w.Fatal(err)
			}
			return kib / 1024
		}
	}
	m.w.Fatalf("no %s in the process's status", line)
	return 0
}

// profile keeps what the manager holds in memory at that moment, if PROFILE names a folder.
func (m *manager) profile(moment string) {
	m.w.Helper()
	folder := os.Getenv("PROFILE")
	if folder == "" {
		return
	}
	for kind, query := range map[string]string{"heap": "heap?gc=1", "goroutine": "goroutine"} {
		answer, err := http.Get("http://" + profiles + "/debug/pprof/" + query)
		if err != nil {
			m.w.Fatal(err)
		}
		content, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			m.w.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d-%s.pb.gz", kind, m.w.logins, moment)), content, 0o600); err != nil {
			m.w.Fatal(err)
		}
	}
}

// passes and queued are the controller's own metrics.
func (m *manager) passes() float64 {
	return m.metric(`controller_runtime_reconcile_total{controller="googlelogin"`)
}

func (m *manager) queued() float64 { return m.metric(`workqueue_depth{controller="googlelogin"`) }

// metric sums the lines that begin with prefix; 0 while nothing is served yet.
func (m *manager) metric(prefix string) (sum float64) {
	m.w.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, "https://"+m.metrics+"/metrics", http.NoBody)
	if err != nil {
		m.w.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+m.w.scraper)
	answer, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		m.w.Fatalf("metrics answer %d", answer.StatusCode)
	}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), prefix) {
			continue
		}
		value, err := strconv.ParseFloat(lines.Text()[strings.LastIndexByte(lines.Text(), ' ')+1:], 64)
		if err != nil {
			m.w.Fatal(err)
		}
		sum += value
	}
	return sum
}

// letScrape gives the manager the right to ask about callers, and makes one that may read metrics.
func (w *world) letScrape() {
	w.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "scraper"}}
	w.create(account)
	w.create(&rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "metrics-reader"},
		Rules:      []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}},
	})
	w.bind("metrics-reader", rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: "scraper"})
	w.bind("system:auth-delegator", rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: managerUser})
	w.create(&rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "leader"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get", "create", "update"}}},
	})
	w.bind("leader", rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: managerUser})
	token := &authenticationv1.TokenRequest{}
	if err := w.c.SubResource("token").Create(w.ctx, account, token); err != nil {
		w.Fatal(err)
	}
	w.scraper = token.Status.Token
}

func (w *world) bind(role string, subject rbacv1.Subject) {
	w.Helper()
	w.create(&rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "bench-" + strings.ReplaceAll(role, ":", "-")},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{subject},
	})
}
