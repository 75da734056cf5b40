package controllers

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/rotation"
)

// What the Secret remembers of the requests that were carried out. The status only echoes it: it can be lost, and a request that
// was carried out twice would be an emergency more than was asked for.
const (
	annotationHandledRotateAt          = "googlelogin.dev/handled-rotate-at"
	annotationHandledEmergencyRotateAt = "googlelogin.dev/handled-emergency-rotate-at"
)

// maxRequest is the longest value of a request that is remembered as it is.
const maxRequest = 128

// keyRequest is what the annotations of a GoogleLogin ask for that a Secret does not remember.
type keyRequest struct {
	request rotation.Request
	// handled is what the Secret is to remember once the request has been carried out.
	handled map[string]string
}

// requestOf compares the GoogleLogin's annotations with the Secret's. An emergency is a rotation as well, so it answers both.
func requestOf(login *v1beta1.GoogleLogin, remembered map[string]string) keyRequest {
	out := keyRequest{handled: map[string]string{}}
	for _, ask := range []struct {
		annotation, echo string
		request          rotation.Request
	}{
		{v1beta1.AnnotationRotateAt, annotationHandledRotateAt, rotation.Rotate},
		{v1beta1.AnnotationEmergencyRotateAt, annotationHandledEmergencyRotateAt, rotation.Emergency},
	} {
		value := requestValue(login.Annotations[ask.annotation])
		if value == "" || value == remembered[ask.echo] {
			continue
		}
		out.request = ask.request
		out.handled[ask.echo] = value
	}
	return out
}

// requestValue bounds a value by its hash. It stays another one whenever the value does.
func requestValue(value string) string {
	if len(value) <= maxRequest {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// echoRequests shows in the status what the Secret remembers.
func echoRequests(status *v1beta1.GoogleLoginStatus, remembered map[string]string) {
	status.LastHandledRotateAt = remembered[annotationHandledRotateAt]
	status.LastHandledEmergencyRotateAt = remembered[annotationHandledEmergencyRotateAt]
}
