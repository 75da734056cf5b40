package v1beta1

// Session sets how long a login lasts and how the browser carries it.
//
// +kubebuilder:validation:XValidation:rule="!has(self.accessTokenTTL) || !has(self.idleTimeout) || duration(self.accessTokenTTL) <= duration(self.idleTimeout)",message="session.accessTokenTTL must not be longer than session.idleTimeout",fieldPath=".accessTokenTTL"
// +kubebuilder:validation:XValidation:rule="!has(self.idleTimeout) || !has(self.lifetime) || duration(self.idleTimeout) <= duration(self.lifetime)",message="session.idleTimeout must not be longer than session.lifetime",fieldPath=".idleTimeout"
type Session struct {
	// accessTokenTTL is how long the access JWT is valid, which services verify offline: the longest time for which a revoked
	// session is still honoured by a service that asks nobody. 1m to 24h. Default: 10m.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('24h')",message="session.accessTokenTTL must be between 1m and 24h"
	AccessTokenTTL Duration `json:"accessTokenTTL,omitempty"`

	// idleTimeout ends a session that was not used for this long. At most 8760h. Default: 24h.
	// +optional
	// +kubebuilder:default="24h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('8760h')",message="session.idleTimeout must be between 1m and 8760h"
	IdleTimeout Duration `json:"idleTimeout,omitempty"`

	// lifetime ends a session this long after the login, used or not. At most 8760h. Default: 720h.
	// +optional
	// +kubebuilder:default="720h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('8760h')",message="session.lifetime must be between 1m and 8760h"
	Lifetime Duration `json:"lifetime,omitempty"`

	// audiences is the aud claim of the access JWT: the services that may accept it, in at most 512 bytes together, since the JWT
	// has to fit in a cookie. Unset: the name of the GoogleLogin.
	// Example: ["shop"]
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.map(a, size(a)).sum() <= 512",message="session.audiences may take at most 512 bytes together: the access token that names them has to fit in a cookie"
	Audiences []Audience `json:"audiences,omitempty"`

	// cookie is how the browser carries the session.
	// +optional
	// +kubebuilder:default={}
	Cookie Cookie `json:"cookie,omitzero"`
}

// Cookie is how the browser carries the session. Two cookies are set, NAME with the access JWT and NAME-session with an opaque
// handle; both Secure, HttpOnly and with Path=/.
//
// +kubebuilder:validation:XValidation:rule="!has(self.name) || (has(self.domain) && size(self.domain) > 0 ? self.name.startsWith('__Secure-') : self.name.startsWith('__Host-'))",message="session.cookie.name must begin with __Host-, or with __Secure- where session.cookie.domain is set: browsers then keep others from setting it",fieldPath=".name"
type Cookie struct {
	// name of the cookie with the access JWT. Default: __Host-<metadata.name>, or __Secure-<metadata.name> with a domain.
	// +optional
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^__(Host|Secure)-[a-zA-Z0-9_-]+$')",message="session.cookie.name may hold letters, digits, '-' and '_' behind its prefix"
	Name string `json:"name,omitempty"`

	// domain lets every host under it see the session, which gives up the protection of a __Host- cookie: any of those hosts
	// can then read and set it. Each redirect URI's host must be this domain or under it. Unset: the host alone.
	// Example: shop.example.com
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)+$')",message="session.cookie.domain must be a domain in lower case without a leading dot, such as shop.example.com"
	Domain string `json:"domain,omitempty"`

	// sameSite is the cookies' SameSite attribute. Lax serves every front end on the same site; None also one on another site,
	// whose requests then carry the session: only for origins that you trust. Default: Lax.
	// +optional
	// +kubebuilder:default=Lax
	SameSite SameSite `json:"sameSite,omitempty"`
}

// SameSite is a cookie's SameSite attribute. Strict is left out: a browser would not send such a cookie on the redirect that
// ends a login.
//
// +kubebuilder:validation:Enum=Lax;None
type SameSite string

const (
	// SameSiteLax sends the cookie on same-site requests and on top-level navigations.
	SameSiteLax SameSite = "Lax"
	// SameSiteNone sends the cookie on every request.
	SameSiteNone SameSite = "None"
)

// Audience is one value of the access JWT's aud claim.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="an audience must hold printable ASCII without spaces"
type Audience string

// Duration is a length of time such as 90s, 10m, 24h or 1h30m.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:Pattern=`^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$`
type Duration string
