//go:build benchscale

package scale

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"golang.org/x/sync/errgroup"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/test/controlplane"
)

const (
	namespaces = 50
	// clientSuffix makes the name of a GoogleLogin's client Secret of its own.
	clientSuffix = "-google"
	// large is the size of the foreign Secrets that are large, one in four.
	large = 100 << 10
	// hands is how many requests the benchmark has under way at once.
	hands = 16
)

// world is a control plane with foreign Secrets in it, and, while one size is measured, with GoogleLogins that nobody is at work on yet.
type world struct {
	*testing.T
	ctx   context.Context
	plane *controlplane.Plane
	// c asks for Kubernetes' own kinds by protobuf, as the manager does.
	c client.WithWatch
	// admin and manager are what to connect with.
	admin, manager *rest.Config
	// scraper is the token of somebody who may read metrics.
	scraper string

	// Of one size.
	logins int
	proxy  *proxy
	cast   *cast
	// running is the manager at work, if one is.
	running *manager
}

// newWorld makes the foreign Secrets, which takes longest, once for all sizes.
func newWorld(t *testing.T, foreign int) *world {
	t.Helper()
	w := &world{T: t, ctx: context.Background(), plane: &controlplane.Plane{WithoutCollector: true}}
	t.Cleanup(func() {
		if err := w.plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	w.admin = w.plane.Config(t)
	w.admin.QPS = -1
	c, err := client.NewWithWatch(w.admin, client.Options{Scheme: w.plane.Scheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	w.c = c
	w.manager = w.managerConfig()
	began := time.Now()
	for i := range namespaces {
		w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespaceOf(i)}})
	}
	w.each(foreign, func(i int) error { return c.Create(w.ctx, foreignSecret(i)) })
	say("%d foreign Secrets after %.0f s", foreign, time.Since(began).Seconds())
	return w
}

// with returns the world with GoogleLogins in it, until t ends.
func (w *world) with(t *testing.T, logins int) *world {
	t.Helper()
	sized := *w
	sized.T, sized.logins = t, logins
	t.Cleanup(sized.clear)
	began := time.Now()
	sized.each(logins, func(i int) error {
		if err := w.c.Create(w.ctx, clientSecret(i)); err != nil {
			return err
		}
		return w.c.Create(w.ctx, login(i))
	})
	say("%d GoogleLogins after %.0f s", logins, time.Since(began).Seconds())
	sized.cast = newCast(&sized)
	sized.proxy = newProxy(t, w.manager)
	return &sized
}

// clear deletes the GoogleLogins, and what nobody collects here: their children.
func (w *world) clear() {
	w.each(w.logins, func(i int) error {
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: namespaceOf(i), Name: nameOf(i) + "-data"}}
		// The volume controller would do that.
		patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		return client.IgnoreNotFound(w.c.Patch(w.ctx, claim, patch))
	})
	ours := client.MatchingLabels{desired.LabelManagedBy: desired.ManagedBy}
	w.each(namespaces, func(i int) error {
		err := w.c.DeleteAllOf(w.ctx, &v1beta1.GoogleLogin{}, client.InNamespace(namespaceOf(i)))
		for _, kind := range []client.Object{
			&corev1.Secret{}, &corev1.ConfigMap{}, &corev1.Service{}, &corev1.ServiceAccount{}, &corev1.PersistentVolumeClaim{}, &appsv1.Deployment{},
		} {
			err = errors.Join(err, w.c.DeleteAllOf(w.ctx, kind, client.InNamespace(namespaceOf(i)), ours))
		}
		return err
	})
	w.each(w.logins, func(i int) error { return client.IgnoreNotFound(w.c.Delete(w.ctx, clientSecret(i))) })
}

// managerConfig has the manager's own rights, and those to ask who may see metrics.
func (w *world) managerConfig() *rest.Config {
	config := w.plane.ManagerConfig(w.T, managerUser)
	config.QPS = -1
	w.letScrape()
	return config
}

func (w *world) create(obj client.Object) {
	w.Helper()
	if err := w.c.Create(w.ctx, obj); err != nil {
		w.Fatal(err)
	}
}

// each runs f for every number below n, several at once.
func (w *world) each(n int, f func(i int) error) {
	w.Helper()
	var group errgroup.Group
	var next atomic.Int64
	for range hands {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if err := f(int(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		w.Fatal(err)
	}
}

func namespaceOf(i int) string { return fmt.Sprintf("team-%02d", i%namespaces) }

func nameOf(i int) string { return fmt.Sprintf("login-%04d", i) }

func foreignSecret(i int) *corev1.Secret {
	content := []byte(canary)
	if i%4 == 0 {
		content = bytes.Repeat([]byte(canary), large/len(canary)+1)[:large]
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespaceOf(i), Name: fmt.Sprintf("theirs-%05d", i), Labels: map[string]string{"app.kubernetes.io/name": "theirs"}},
		Data:       map[string][]byte{"content": content},
	}
}

func clientSecret(i int) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespaceOf(i), Name: nameOf(i) + clientSuffix},
		StringData: map[string]string{"client_id": "id-1", "client_secret": "secret-1"},
	}
}

func login(i int) *v1beta1.GoogleLogin {
	return &v1beta1.GoogleLogin{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespaceOf(i), Name: nameOf(i)},
		Spec: v1beta1.GoogleLoginSpec{
			Client:       v1beta1.Client{SecretRef: v1beta1.ClientSecretRef{Name: nameOf(i) + clientSuffix}},
			RedirectURIs: []v1beta1.RedirectURI{"https://shop.example.com/auth/callback"},
			Frontend:     v1beta1.Frontend{HomeURL: "https://shop.example.com/"},
			Access:       v1beta1.Access{HostedDomains: []v1beta1.HostedDomain{"example.com"}, Emails: []v1beta1.Email{}},
		},
	}
}

// await asks again until condition holds. It does not wait for what a manager would have to do that has ended.
func (w *world) await(patience time.Duration, what string, condition func() bool) {
	w.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if w.running != nil {
			w.running.wantAlive(what)
		}
		if time.Now().After(deadline) {
			w.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// say tells how it goes; standard output is for the figures.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "# "+format+"\n", args...) }
