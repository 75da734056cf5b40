package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every type in this package.
var GroupVersion = schema.GroupVersion{Group: "googlelogin.dev", Version: "v1beta1"}

// SchemeGroupVersion is the name under which generated code expects GroupVersion.
var SchemeGroupVersion = GroupVersion

// AddToScheme registers the types of this package.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &GoogleLogin{}, &GoogleLoginList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
