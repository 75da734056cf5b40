package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GoogleLogin asks for a callback server that signs users in with Google and hands the team a session it can trust.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.server.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:shortName=glogin,categories=googlelogin
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Issuer",type=string,JSONPath=`.status.issuer`
// +kubebuilder:printcolumn:name="Replicas",type=integer,JSONPath=`.status.readyReplicas`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="KID",type=string,priority=1,JSONPath=`.status.keys[?(@.state=="Current")].kid`
// +kubebuilder:printcolumn:name="Next-Rotation",type=string,priority=1,JSONPath=`.status.nextRotationAt`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:selectablefield:JSONPath=`.spec.client.secretRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.access.accounts`
// +kubebuilder:selectablefield:JSONPath=`.spec.storage.type`
// +kubebuilder:selectablefield:JSONPath=`.spec.exposure.type`
// +kubebuilder:selectablefield:JSONPath=`.status.issuer`
// +kubebuilder:selectablefield:JSONPath=`.status.standInIssuer`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 40",message="metadata.name must be at most 40 characters, begin with a letter and hold only a-z, 0-9 and '-': it becomes the name of a Service and of cookies"
// +genclient
type GoogleLogin struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the team wants.
	// +required
	Spec GoogleLoginSpec `json:"spec,omitzero"`

	// status is what the operator has seen.
	//
	// Its default of observedGeneration -1 keeps tools that follow kstatus from calling a new object ready before the
	// operator has looked at it.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status GoogleLoginStatus `json:"status,omitzero"`
}

// GoogleLoginList is a list of GoogleLogins.
//
// +kubebuilder:object:root=true
type GoogleLoginList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []GoogleLogin `json:"items"`
}

// GoogleLoginSpec declares a Google OAuth client, where it may send users back to, and who may sign in.
//
// +kubebuilder:validation:XValidation:rule="self.redirectURIs.all(u, size(u) < 9 || u.indexOf('/', 8) < 0 || (u.substring(u.indexOf('/', 8)) != self.basePath && !['/', '/login', '/me', '/logout', '/jwks.json', '/.well-known/openid-configuration', '/error', '/signed-out', '/account', '/account/end', '/google', '/logo', '/token', '/token/revoke', '/nonce', '/refresh', '/disconnect', '/risc'].exists(r, u.substring(u.indexOf('/', 8)) == self.basePath + r)))",message="the path of a redirect URI must not be one of the server's own endpoints under basePath; use <basePath>/callback",fieldPath=".redirectURIs"
// +kubebuilder:validation:XValidation:rule="self.redirectURIs.all(u, size(u) < 9 || u.indexOf('/', 8) < 0 || !u.substring(u.indexOf('/', 8)).startsWith(self.basePath + '/check/'))",message="the path of a redirect URI must not be under <basePath>/check/, which is forward auth's; use <basePath>/callback",fieldPath=".redirectURIs"
// +kubebuilder:validation:XValidation:rule="(has(self.google.issuer) && size(self.google.issuer) > 0) || self.redirectURIs.all(u, u.matches('^https?://(localhost|127[.]0[.]0[.]1|\\\\[::1\\\\])(:[0-9]+)?(/|$)') || !u.matches('^https?://[a-z]') || (u.matches('^https?://[^/:]+[.][^/:.]+(:[0-9]+)?(/|$)') && !u.matches('^https?://[^/:]*[.](local|localhost|internal|intranet|test|invalid|example|lan|home|corp|private|svc)(:[0-9]+)?(/|$)')))",message="Google registers only redirect URIs whose host is under a public suffix, such as shop.example.com (or localhost, 127.0.0.1, [::1]); use a public name, or set google.issuer to a stand-in for tests",fieldPath=".redirectURIs"
// +kubebuilder:validation:XValidation:rule="!has(self.session.cookie.domain) || size(self.session.cookie.domain) == 0 || self.redirectURIs.all(u, u.split('/').size() > 2 && ('.' + u.split('/')[2].split(':')[0]).endsWith('.' + self.session.cookie.domain))",message="every redirect URI's host must be session.cookie.domain or under it: a browser drops a cookie for any other domain",fieldPath=".session.cookie.domain"
// +kubebuilder:validation:XValidation:rule="self.storage.type == 'SQLite' || !has(self.storage.sqlite)",message="storage.sqlite may be set only when storage.type is SQLite",fieldPath=".storage.sqlite"
// +kubebuilder:validation:XValidation:rule="self.storage.type == 'Postgres' || !has(self.storage.postgres)",message="storage.postgres may be set only when storage.type is Postgres",fieldPath=".storage.postgres"
// +kubebuilder:validation:XValidation:rule="self.storage.type != 'Postgres' || has(self.storage.postgres)",message="storage of type Postgres needs storage.postgres.secretRef, the Secret with the database's URI",fieldPath=".storage"
// +kubebuilder:validation:XValidation:rule="self.storage.type == 'Postgres' || !has(self.server.replicas) || self.server.replicas <= 1",message="storage of type SQLite or Memory is held by one server: set server.replicas to 1 (or 0 to switch it off), or keep users and sessions in Postgres",fieldPath=".server.replicas"
// +kubebuilder:validation:XValidation:rule="self.storage.type == 'Postgres' || !has(self.server.autoscaling)",message="storage of type SQLite or Memory is held by one server: remove server.autoscaling, or keep users and sessions in Postgres",fieldPath=".server.autoscaling"
// +kubebuilder:validation:XValidation:rule="!has(self.exposure.type) || self.exposure.type == 'None' || self.redirectURIs.exists(u, !u.matches('^https?://(localhost|[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+|\\\\[.*)(:[0-9]+)?(/|$)'))",message="exposure needs a redirect URI whose host is a name: localhost and addresses are not exposed",fieldPath=".exposure"
// +kubebuilder:validation:XValidation:rule="!has(self.session.accessTokenTTL) || !has(self.signingKeys.retain) || size(self.signingKeys.retain) == 0 || duration(self.signingKeys.retain) >= duration(self.session.accessTokenTTL)",message="signingKeys.retain must not be shorter than session.accessTokenTTL: tokens would be refused before they expire",fieldPath=".signingKeys.retain"
// +kubebuilder:validation:XValidation:rule="!has(self.session.accessTokenTTL) || !has(self.signingKeys.rotationPeriod) || duration(self.session.accessTokenTTL).getSeconds() <= 10 * duration(self.signingKeys.rotationPeriod).getSeconds()",message="signingKeys.rotationPeriod must be at least a tenth of session.accessTokenTTL: every key is kept as long as tokens live, and the key set would grow too large",fieldPath=".signingKeys.rotationPeriod"
type GoogleLoginSpec struct {
	// client is the Google OAuth client, of type "Web application", that the team has made in Google's console.
	// +required
	Client Client `json:"client,omitzero"`

	// redirectURIs are exactly the "Authorized redirect URIs" that are registered with Google, 1 to 16 of them. The first is
	// the default: the server's issuer and its other endpoints are on its host. Each is served under its own host.
	// Google compares scheme, host, port, path and trailing slash letter by letter; status.redirectURIsToRegister prints the
	// strings to paste into the console.
	// Example: ["https://shop.example.com/auth/callback", "http://localhost:8000/auth/callback"]
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(u, self.exists_one(v, v == u))",message="redirectURIs must not hold the same URI twice"
	RedirectURIs []RedirectURI `json:"redirectURIs,omitempty"`

	// scopes are asked of Google at every login. "openid" is required, and "email" with it, since access is decided by the
	// verified email and the hosted domain. Default: openid, email, profile.
	// +optional
	// +listType=set
	// +kubebuilder:default={openid,email,profile}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="'openid' in self && 'email' in self",message="scopes must contain openid and email: without them Google sends no ID token, or one that names nobody"
	// +kubebuilder:validation:XValidation:rule="!('offline_access' in self)",message="Google has no scope offline_access; remove it"
	Scopes []Scope `json:"scopes,omitempty"`

	// basePath is where the server's endpoints live on the host of each redirect URI: <basePath>/login, <basePath>/me and so
	// on. Without exposure, route this path, and the paths of the redirect URIs, to the Service. Default: /auth.
	// +optional
	// +kubebuilder:default=/auth
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[a-zA-Z0-9_-][a-zA-Z0-9._-]*)+$')",message="basePath must begin with '/', must not end with one, and may hold letters, digits, '.', '_' and '-' between slashes, such as /auth"
	BasePath string `json:"basePath,omitempty"`

	// google says how to ask Google.
	// +optional
	// +kubebuilder:default={}
	Google Google `json:"google,omitzero"`

	// frontend is where users come from and go back to.
	// +required
	Frontend Frontend `json:"frontend,omitzero"`

	// access says who may sign in. Nobody, if unset.
	// +optional
	// +kubebuilder:default={}
	Access Access `json:"access,omitzero"`

	// session sets how long a login lasts and how the browser carries it.
	// +optional
	// +kubebuilder:default={}
	Session Session `json:"session,omitzero"`

	// storage is where users and sessions are kept.
	// +optional
	// +kubebuilder:default={}
	Storage Storage `json:"storage,omitzero"`

	// pages sets how the hosted pages look and what they say.
	// +optional
	Pages Pages `json:"pages,omitzero"`

	// tokenEndpoint gives tokens as JSON to native apps and single-page applications that cannot use cookies.
	// +optional
	// +kubebuilder:default={}
	TokenEndpoint TokenEndpoint `json:"tokenEndpoint,omitzero"`

	// forwardAuth sets how proxies ask who is signed in.
	// +optional
	// +kubebuilder:default={}
	ForwardAuth ForwardAuth `json:"forwardAuth,omitzero"`

	// signingKeys sets how often the keys change that sign access tokens.
	// +optional
	// +kubebuilder:default={}
	SigningKeys SigningKeys `json:"signingKeys,omitzero"`

	// internalAPI says which ServiceAccounts may administer users and sessions. Nobody, if unset.
	// +optional
	InternalAPI InternalAPI `json:"internalAPI,omitzero"`

	// server sets how the callback server runs.
	// +optional
	// +kubebuilder:default={}
	Server Server `json:"server,omitzero"`

	// exposure says how browsers reach the server. Unset: not at all, until you route to its Service.
	// +optional
	// +kubebuilder:default={}
	Exposure Exposure `json:"exposure,omitzero"`
}
