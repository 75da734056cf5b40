package controllers

import (
	"context"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/googlelogin/operator/api/v1beta1"
)

// cached shows no more of an object than the manager's cache keeps.
func cached(c client.WithWatch) client.WithWatch {
	return interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if err := c.Get(ctx, key, obj, opts...); err != nil {
				return err
			}
			return show(obj)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if err := c.List(ctx, list, opts...); err != nil {
				return err
			}
			return meta.EachListItem(list, show)
		},
	})
}

// show makes of an object what the cache would keep.
func show(obj runtime.Object) error {
	options := CacheOptions(nil)
	transform := options.DefaultTransform
	for of, by := range options.ByObject {
		if reflect.TypeOf(of) == reflect.TypeOf(obj) {
			transform = by.Transform
		}
	}
	kept, err := transform(obj)
	if err != nil {
		return err
	}
	reflect.ValueOf(obj).Elem().Set(reflect.ValueOf(kept).Elem())
	return nil
}

func TestTheCacheKeepsOfADeploymentWhatAPassReads(t *testing.T) {
	w := newWorld(t)
	w.started()
	full, kept := &appsv1.Deployment{}, &appsv1.Deployment{}
	w.get("shop-googlelogin", full)
	if err := w.r.Client.Get(w.ctx, w.key("shop-googlelogin"), kept); err != nil {
		t.Fatal(err)
	}
	if len(kept.ManagedFields) != 1 || len(kept.ManagedFields[0].FieldsType) != 64 || !kept.ManagedFields[0].Time.Time.Equal(changedAt(full)) {
		t.Errorf("managed fields are %+v, want a digest and when the object was changed", kept.ManagedFields)
	}
	want := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.ns, Name: "shop-googlelogin", UID: full.UID, ResourceVersion: full.ResourceVersion, Generation: full.Generation,
			OwnerReferences: full.OwnerReferences,
			Labels:          map[string]string{"app.kubernetes.io/managed-by": "googlelogin-operator", "app.kubernetes.io/instance": "shop"},
			ManagedFields:   kept.ManagedFields,
		},
		Spec:   appsv1.DeploymentSpec{Replicas: full.Spec.Replicas, Strategy: full.Spec.Strategy},
		Status: full.Status,
	}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

// An informer may transform twice what it gets once.
func TestWhatTheCacheKeepsStaysAsItIs(t *testing.T) {
	w := newWorld(t)
	w.started()
	kept := &appsv1.Deployment{}
	if err := w.r.Client.Get(w.ctx, w.key("shop-googlelogin"), kept); err != nil {
		t.Fatal(err)
	}
	before := kept.DeepCopy()
	if err := show(kept); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, kept); diff != "" {
		t.Errorf("transformed again (-before +after):\n%s", diff)
	}
}

func TestTheCacheKeepsNoManagedFieldsOfAGoogleLogin(t *testing.T) {
	w := newWorld(t)
	w.shop(func(login *v1beta1.GoogleLogin) {
		login.Annotations = map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{}", "googlelogin.dev/paused": "true"}
	})
	got := &v1beta1.GoogleLogin{}
	if err := w.r.Client.Get(w.ctx, w.key("shop"), got); err != nil {
		t.Fatal(err)
	}
	want := w.login()
	want.ManagedFields, want.Annotations = nil, map[string]string{"googlelogin.dev/paused": "true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}
