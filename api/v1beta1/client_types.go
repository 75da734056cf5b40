package v1beta1

// Client is the Google OAuth client that users sign in to.
type Client struct {
	// id is the client ID, such as 123-abc.apps.googleusercontent.com. Unset: the Secret's client_id (or credentials.json)
	// names it. Where both do, they must be equal.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="client.id must not hold spaces or non-ASCII characters: copy it from the console as it is"
	ID string `json:"id,omitempty"`

	// secretRef names the Secret, in the GoogleLogin's own namespace, that holds the client's secret. There is no namespace
	// field, and there will be none: an app team must not be able to read another team's Secret through the operator.
	// +required
	SecretRef ClientSecretRef `json:"secretRef,omitzero"`
}

// ClientSecretRef names a Secret and the keys to read in it. Either the key of credentials.json exists, as Google's console
// downloads it, or the key of the client secret does; where both exist the separate keys win.
type ClientSecretRef struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="client.secretRef.name must be the name of a Secret: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// clientIDKey is the Secret's key of the client ID. Default: client_id.
	// +optional
	// +kubebuilder:default=client_id
	ClientIDKey SecretKey `json:"clientIDKey,omitempty"`

	// clientSecretKey is the Secret's key of the client secret. Default: client_secret.
	// +optional
	// +kubebuilder:default=client_secret
	ClientSecretKey SecretKey `json:"clientSecretKey,omitempty"`

	// credentialsKey is the Secret's key of the JSON file that Google's console offers for download. Default: credentials.json.
	// +optional
	// +kubebuilder:default=credentials.json
	CredentialsKey SecretKey `json:"credentialsKey,omitempty"`
}

// SecretKey is the name of a key in a Secret's data.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && self != '.' && !self.startsWith('..')",message="must be a key of a Secret: letters, digits, '-', '_' and '.'"
type SecretKey string

// RedirectURI is one "Authorized redirect URI". The rules are Google's own, checked here because Google reports a breach only
// to the user who signs in. https://developers.google.com/identity/protocols/oauth2/web-server#uri-validation
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="a redirect URI must hold printable ASCII only, no spaces; write an international host in its xn-- form and encode other characters as %XX"
// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/]') && isURL(self)",message="a redirect URI must be an absolute URL in lower-case http or https, such as https://shop.example.com/auth/callback"
// +kubebuilder:validation:XValidation:rule="!self.startsWith('http://') || self.matches('^http://(localhost|127[.]0[.]0[.]1|\\\\[::1\\\\])(:[0-9]+)?(/|$)')",message="a redirect URI must use https; Google allows http for localhost, 127.0.0.1 and [::1] alone"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://([0-9.]+|\\\\[[^/]*)(:[0-9]+)?(/|$)') || self.matches('^https?://(127[.]0[.]0[.]1|\\\\[::1\\\\])(:[0-9]+)?(/|$)')",message="a redirect URI must name a host, not a raw IP address (127.0.0.1 and [::1] excepted)"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://[^/]*[A-Z]')",message="the host of a redirect URI must be in lower case, as browsers send it"
// +kubebuilder:validation:XValidation:rule="!self.matches('^[a-z]+://[^/?#]*@')",message="a redirect URI must not hold a user name or password"
// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="a redirect URI must not have a fragment (#...)"
// +kubebuilder:validation:XValidation:rule="!self.contains('?')",message="a redirect URI must not have a query (?...): the server reads only Google's own parameters there"
// +kubebuilder:validation:XValidation:rule="!self.contains('*')",message="a redirect URI must not hold a wildcard: Google compares it letter by letter; list each URI"
// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\x5c]') && !self.matches('(?i)(/|%2f|%5c)([.]|%2e)([.]|%2e)?(/|%2f|%5c|$)')",message="a redirect URI must not hold a backslash or a path traversal (/. or /.., encoded or not)"
// +kubebuilder:validation:XValidation:rule="!self.matches('%([^0-9A-Fa-f]|$|[0-9A-Fa-f]([^0-9A-Fa-f]|$))') && !self.contains('%00')",message="a redirect URI must not hold a malformed percent encoding or %00"
// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/]+/.')",message="a redirect URI must have a path of its own, such as /auth/callback"
type RedirectURI string

// Scope is a Google OAuth scope, such as openid or https://www.googleapis.com/auth/calendar.readonly.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^[!#-\\\\[\\\\]-~]+$')",message="a scope must not hold spaces, quotes or backslashes; list each scope as its own item"
type Scope string

// Google says how to ask Google.
type Google struct {
	// prompt is what Google shows a user who is already signed in there. SelectAccount: the account chooser. Consent: the
	// consent page, each time. Auto: nothing that can be left out. Default: SelectAccount.
	// +optional
	// +kubebuilder:default=SelectAccount
	Prompt Prompt `json:"prompt,omitempty"`

	// signInWithGoogle set to Enabled serves POST <basePath>/google, which takes the credential of Google's button and One Tap, and lets
	// the hosted sign-in page load Google's script for them. Disabled: the pages hold no content of others, and their button is a
	// plain link. Default: Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	SignInWithGoogle Switch `json:"signInWithGoogle,omitempty"`

	// issuer replaces Google by a stand-in, an OpenID provider for tests. Its endpoints are discovered at
	// <issuer>/.well-known/openid-configuration. Leave it unset in production; the status shows when it is set. Plain http is
	// accepted for loopback, private addresses and names that only a cluster or a test network resolves.
	// Example: http://fake-google.demo.svc:8080
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self == '' || (self.matches('^https?://[^/?#@]+(/[^?#@]*)?$') && isURL(self))",message="google.issuer must be an http or https URL without query, fragment or user name"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('http://') || self.matches('^http://([a-z0-9-]+|[a-z0-9.-]+[.](localhost|svc|local|internal|test)|127[.][0-9]+[.][0-9]+[.][0-9]+|10[.][0-9]+[.][0-9]+[.][0-9]+|192[.]168[.][0-9]+[.][0-9]+|172[.](1[6-9]|2[0-9]|3[01])[.][0-9]+[.][0-9]+|\\\\[::1\\\\])(:[0-9]+)?(/.*)?$')",message="google.issuer must use https; plain http is accepted only for loopback, private addresses and names under .svc, .local, .internal, .test or .localhost"
	Issuer string `json:"issuer,omitempty"`
}

// Switch turns a feature on or off.
//
// +kubebuilder:validation:Enum=Disabled;Enabled
type Switch string

const (
	// Disabled turns it off.
	Disabled Switch = "Disabled"
	// Enabled turns it on.
	Enabled Switch = "Enabled"
)

// Prompt is what Google shows a user who is already signed in there.
//
// +kubebuilder:validation:Enum=SelectAccount;Consent;Auto
type Prompt string

const (
	// PromptSelectAccount shows the account chooser.
	PromptSelectAccount Prompt = "SelectAccount"
	// PromptConsent shows the consent page at every login.
	PromptConsent Prompt = "Consent"
	// PromptAuto lets Google decide, and show nothing where it can.
	PromptAuto Prompt = "Auto"
)
