package controllers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
)

const databaseURI = "postgresql://shop:hunter2-canary@shop-db-rw:5432/app"

func onPostgres(login *v1beta1.GoogleLogin) {
	login.Spec.Storage = v1beta1.Storage{
		Type: v1beta1.StoragePostgres, Postgres: &v1beta1.Postgres{SecretRef: v1beta1.DatabaseSecretRef{Name: "shop-db-app"}},
	}
	login.Spec.Server.Replicas = ptr.To[int32](2)
}

func databaseSecret(ns, key, value string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shop-db-app"}, StringData: map[string]string{key: value},
	}
}

func TestTheSecretOfADatabase(t *testing.T) {
	for name, row := range map[string]struct {
		key, value string
		status     metav1.ConditionStatus
		reason     string
		words      string
	}{
		"a URI":                        {"uri", databaseURI + "\n", metav1.ConditionTrue, v1beta1.ReasonDatabaseFound, "holds the URI"},
		"a URI of the shorter scheme":  {"uri", "postgres://db/app", metav1.ConditionTrue, v1beta1.ReasonDatabaseFound, "holds the URI"},
		"a URI under another key":      {"url", databaseURI, metav1.ConditionFalse, v1beta1.ReasonSecretKeyMissing, "lacks the key uri"},
		"nothing":                      {"uri", "", metav1.ConditionFalse, v1beta1.ReasonInvalidDatabaseURI, "key uri"},
		"a URI of another database":    {"uri", "mysql://hunter2-canary@db/app", metav1.ConditionFalse, v1beta1.ReasonInvalidDatabaseURI, "PostgreSQL"},
		"the settings of a connection": {"uri", "host=db password=hunter2-canary", metav1.ConditionFalse, v1beta1.ReasonInvalidDatabaseURI, "PostgreSQL"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create(clientSecret(w.ns))
			w.create(databaseSecret(w.ns, row.key, row.value))
			w.shop(onPostgres)
			w.reconcile()
			c := w.wantCondition(v1beta1.ConditionStorageReady, row.status, row.reason)
			if !strings.Contains(c.Message, row.words) || strings.Contains(c.Message, "canary") {
				t.Errorf("message %q, want one with %q and without the URI", c.Message, row.words)
			}
			good := row.status == metav1.ConditionTrue
			if !good {
				w.wantCondition(v1beta1.ConditionStalled, metav1.ConditionTrue, row.reason)
			}
			if started := w.exists("shop-googlelogin", &appsv1.Deployment{}); started != good {
				t.Errorf("a server was started: %t, want %t", started, good)
			}
		})
	}
}

func TestTheSecretOfADatabaseIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.create(clientSecret(w.ns))
	w.shop(onPostgres)
	w.reconcile()
	c := w.wantCondition(v1beta1.ConditionStorageReady, metav1.ConditionFalse, v1beta1.ReasonSecretNotFound)
	if !strings.Contains(c.Message, "spec.storage.postgres.secretRef") {
		t.Errorf("message %q does not say which reference is meant", c.Message)
	}
	w.wantCondition(v1beta1.ConditionReconciling, metav1.ConditionTrue, v1beta1.ReasonSecretNotFound)
	if w.exists("shop-googlelogin", &appsv1.Deployment{}) {
		t.Error("a server was started that has nowhere to keep its users")
	}

	w.create(databaseSecret(w.ns, "uri", databaseURI))
	w.reconcile()
	w.wantCondition(v1beta1.ConditionStorageReady, metav1.ConditionTrue, v1beta1.ReasonDatabaseFound)
	if w.exists("shop-data", &corev1.PersistentVolumeClaim{}) {
		t.Error("a volume claim was made that nobody needs")
	}
	w.writes.take()
	w.reconcile()
	if again := w.writes.take(); len(again) != 0 {
		t.Errorf("a pass that changes nothing wrote %v", again)
	}
}

func withCA(login *v1beta1.GoogleLogin) {
	onPostgres(login)
	login.Spec.Storage.Postgres.CASecretRef = &v1beta1.CASecretRef{Name: "shop-db-ca"}
}

func TestTheAuthorityOfADatabase(t *testing.T) {
	const certificate = `-----BEGIN CERTIFICATE-----
MIIBYTCCAQigAwIBAgIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDEwdzaG9wLWRi
-----END CERTIFICATE-----
`
	good := string(postgrestest.NewAuthority(t).PEM)
	for name, row := range map[string]struct {
		key, value, reason string
		status             metav1.ConditionStatus
	}{
		"a certificate":              {"ca.crt", good, v1beta1.ReasonDatabaseFound, metav1.ConditionTrue},
		"no Secret":                  {"", "", v1beta1.ReasonSecretNotFound, metav1.ConditionFalse},
		"under another key":          {"tls.crt", good, v1beta1.ReasonSecretKeyMissing, metav1.ConditionFalse},
		"something else":             {"ca.crt", "canary", v1beta1.ReasonInvalidDatabaseCA, metav1.ConditionFalse},
		"PEM that is no certificate": {"ca.crt", certificate, v1beta1.ReasonInvalidDatabaseCA, metav1.ConditionFalse},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create(clientSecret(w.ns))
			w.create(databaseSecret(w.ns, "uri", databaseURI))
			if row.key != "" {
				w.create(&corev1.Secret{
					ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "shop-db-ca"},
					StringData: map[string]string{row.key: row.value, "ca.key": "private-canary"},
				})
			}
			w.shop(withCA)
			w.reconcile()
			c := w.wantCondition(v1beta1.ConditionStorageReady, row.status, row.reason)
			if strings.Contains(c.Message, "canary") {
				t.Errorf("message %q quotes the Secret", c.Message)
			}
			if row.status == metav1.ConditionFalse && !strings.Contains(c.Message, "shop-db-ca") {
				t.Errorf("message %q does not say which Secret is meant", c.Message)
			}
			started := w.exists("shop-googlelogin", &appsv1.Deployment{})
			if started != (row.status == metav1.ConditionTrue) {
				t.Errorf("a server was started: %t", started)
			}
		})
	}
}

func TestServersOnPostgresAreReplacedOneByOne(t *testing.T) {
	w := newWorld(t)
	w.create(databaseSecret(w.ns, "uri", databaseURI))
	login := w.started()
	strategy := func() appsv1.DeploymentStrategyType {
		d := &appsv1.Deployment{}
		w.get("shop-googlelogin", d)
		return d.Spec.Strategy.Type
	}
	if got := strategy(); got != appsv1.RecreateDeploymentStrategyType {
		t.Errorf("strategy on SQLite is %s", got)
	}
	for _, step := range []struct {
		change func(*v1beta1.GoogleLogin)
		want   appsv1.DeploymentStrategyType
	}{
		{onPostgres, appsv1.RollingUpdateDeploymentStrategyType},
		{func(l *v1beta1.GoogleLogin) {
			l.Spec.Storage, l.Spec.Server.Replicas = v1beta1.Storage{Type: v1beta1.StorageSQLite}, ptr.To[int32](1)
		}, appsv1.RecreateDeploymentStrategyType},
	} {
		w.get("shop", login)
		step.change(login)
		login.Spec.Storage.TypeChange = v1beta1.StorageTypeChangeStartEmpty
		w.update(login)
		w.reconcile()
		if got := strategy(); got != step.want {
			t.Errorf("strategy is %s, want %s", got, step.want)
		}
	}
	if !w.exists("shop-data", &corev1.PersistentVolumeClaim{}) {
		t.Error("the volume claim is gone, and the users on it")
	}
}

func TestEverySecretThatIsReferredToIsWatched(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*v1beta1.GoogleLogin)
		want   []string
	}{
		"the client's":               {func(*v1beta1.GoogleLogin) {}, []string{"shop-google"}},
		"the database's":             {onPostgres, []string{"shop-google", "shop-db-app"}},
		"the database's authority's": {withCA, []string{"shop-google", "shop-db-app", "shop-db-ca"}},
		"adopted signing keys":       {func(l *v1beta1.GoogleLogin) { l.Spec.SigningKeys.SecretName = "ours" }, []string{"shop-google", "ours"}},
	} {
		login := shopIn("team")
		row.change(login)
		if diff := cmp.Diff(row.want, secretRefs(login)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
