package controlplane

import (
	"context"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
)

var plane Plane

func TestMain(m *testing.M) { os.Exit(plane.Run(m)) }

func TestServesTheCRD(t *testing.T) {
	c := plane.Client(t)
	var logins v1beta1.GoogleLoginList
	if err := c.List(context.Background(), &logins, client.InNamespace(plane.Namespace(t))); err != nil {
		t.Fatal(err)
	}
}

func TestCollectsWhatAnOwnerLeavesBehind(t *testing.T) {
	ctx := context.Background()
	c := plane.Client(t)
	ns := plane.Namespace(t)
	owner := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "owner"}}
	if err := c.Create(ctx, owner); err != nil {
		t.Fatal(err)
	}
	child := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: ns,
		Name:      "child",
		OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID},
		},
	}}
	if err := c.Create(ctx, child); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, owner); err != nil {
		t.Fatal(err)
	}
	Eventually(t, func() string {
		err := c.Get(ctx, client.ObjectKeyFromObject(child), child)
		if apierrors.IsNotFound(err) {
			return ""
		}
		return "the child of a deleted owner is still there"
	})
}

func TestNamesTheWayOutWithoutPrograms(t *testing.T) {
	t.Setenv(assetsVariable, "")
	var p Plane
	err := p.up()
	if err == nil {
		t.Fatal("started without programs")
	}
	if !strings.Contains(err.Error(), "make test") {
		t.Errorf("%q does not say what to run", err)
	}
}
