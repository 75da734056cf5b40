package v1beta1

// Frontend is where users come from and go back to.
type Frontend struct {
	// homeURL is where a user lands after signing in without a return_to that is allowed.
	// Example: https://shop.example.com/
	// +required
	HomeURL FrontendURL `json:"homeURL,omitempty"`

	// loginURL is the front end's own sign-in page. A login that fails sends the user there with ?error=<code>&error_id=<id>.
	// Unset: the server's own page at <basePath>/.
	// +optional
	LoginURL FrontendURL `json:"loginURL,omitempty"`

	// returnURLs are the pages that return_to may name. A pattern is a URL; a host may begin with "*.", which stands for one
	// label, and a path may end with "*", which stands for any path below. Unset: homeURL only.
	// Example: ["https://shop.example.com/*", "https://*.shop.example.com/app/*"]
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	ReturnURLs []ReturnURL `json:"returnURLs,omitempty"`
}

// FrontendURL is a page of the front end.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=1024
// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$') && self.matches('^https?://[^/?#@\\\\\\\\*]+(/[^#\\\\\\\\]*)?$') && isURL(self)",message="must be an absolute http or https URL without user name, fragment, spaces or backslashes, such as https://shop.example.com/"
// +kubebuilder:validation:XValidation:rule="!self.startsWith('http://') || self.matches('^http://(localhost|127[.]0[.]0[.]1|\\\\[::1\\\\])(:[0-9]+)?(/|$)')",message="must use https; plain http is allowed for localhost, 127.0.0.1 and [::1] alone"
type FrontendURL string

// ReturnURL is a pattern for the pages that a login may end at.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule="self.matches('^https?://([*][.])?[a-z0-9.:\\\\[\\\\]-]+(/[^*?#\\\\\\\\]*[*]?)?$') && self.matches('^[!-~]+$')",message="must be a URL such as https://shop.example.com/*: scheme, lower-case host (a leading *. is one label), an optional port, and a path in which only a trailing * is a wildcard; no user name, query, fragment or backslash"
// +kubebuilder:validation:XValidation:rule="!self.startsWith('http://') || self.matches('^http://(localhost|127[.]0[.]0[.]1|\\\\[::1\\\\])(:[0-9]+)?(/.*)?$')",message="must use https; plain http is allowed for localhost, 127.0.0.1 and [::1] alone"
// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://[*][.][^./]+(:[0-9]+)?(/|$)')",message="a wildcard needs a registrable domain behind it, such as *.shop.example.com: *.com would admit every site"
// +kubebuilder:validation:XValidation:rule="!self.matches('(?i)(/|%2f|%5c)([.]|%2e)([.]|%2e)?(/|%2f|%5c|$)')",message="must not hold /. or /.. in its path"
type ReturnURL string

// Access says who may sign in. It is decided by Google's verified claims, at each login and at each renewal.
//
// +kubebuilder:validation:XValidation:rule="!has(self.accounts) || self.accounts == 'Restricted' || ((!has(self.hostedDomains) || size(self.hostedDomains) == 0) && (!has(self.emails) || size(self.emails) == 0))",message="access.accounts Any admits every Google account, so hostedDomains and emails would not restrict anything: remove them, or set accounts to Restricted"
type Access struct {
	// accounts says which Google accounts may sign in. Restricted: those that hostedDomains or emails name, nobody if both are
	// empty. Any: every Google account with a verified email. Default: Restricted.
	// +optional
	// +kubebuilder:default=Restricted
	Accounts Accounts `json:"accounts,omitempty"`

	// hostedDomains admits the accounts of these Google Workspace or Cloud organizations: the ID token's hd claim decides, never
	// the end of the email. Personal accounts have no hd. Secondary domains of a Workspace must be listed one by one.
	// Example: ["example.com"]
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	HostedDomains []HostedDomain `json:"hostedDomains,omitempty"`

	// emails admits these accounts, whatever their hosted domain. Compared without case.
	// Example: ["ann@gmail.com"]
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=256
	Emails []Email `json:"emails,omitempty"`

	// linkByEmail says what happens when a new Google account (another sub) comes with the email of a known user. Disabled: it is
	// refused, and an audit event tells an administrator. Enabled: it becomes that user, if Google has verified the email and is
	// authoritative for it (it ends in @gmail.com, or the account has the same hosted domain as the user's old one), and all
	// sessions of the old account end. Whoever runs the Workspace of that domain decides then who the user is: enable it only for
	// domains that you trust with that. Default: Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	LinkByEmail Switch `json:"linkByEmail,omitempty"`
}

// Accounts says which Google accounts may sign in.
//
// +kubebuilder:validation:Enum=Restricted;Any
type Accounts string

const (
	// AccountsRestricted admits the accounts that hostedDomains or emails name.
	AccountsRestricted Accounts = "Restricted"
	// AccountsAny admits every Google account whose email is verified.
	AccountsAny Accounts = "Any"
)

// HostedDomain is the domain of a Google Workspace or Cloud organization.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)+$')",message="must be a domain in lower case, such as example.com: no '@', no wildcard, no trailing dot"
// +kubebuilder:validation:XValidation:rule="!(self in ['gmail.com', 'googlemail.com'])",message="personal accounts have no hosted domain, so gmail.com would admit nobody: list their addresses under access.emails, or set access.accounts to Any"
type HostedDomain string

// Email is the address of a Google account.
//
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=254
// +kubebuilder:validation:XValidation:rule="self.matches('^[!-?A-~]+@[a-zA-Z0-9-]+([.][a-zA-Z0-9-]+)+$')",message="must be one email address, such as ann@example.com"
type Email string
