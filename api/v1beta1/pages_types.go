package v1beta1

// Pages sets how the hosted pages look and what they say. All of it is shown as text, never as markup.
type Pages struct {
	// title is the name of the service, in the pages' titles and headings. Unset: the host of frontend.homeURL.
	// Example: Example Shop
	// +optional
	// +kubebuilder:validation:MaxLength=80
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\x00-\\\\x1f\\\\x7f]')",message="pages.title must not hold control characters or line breaks"
	Title string `json:"title,omitempty"`

	// accentColor is the colour of links and of the pages' own buttons, as #rrggbb; the pages choose black or white text on it,
	// and adjust it where it would not be readable. Google's button keeps Google's colours. Unset: blue.
	// +optional
	// +kubebuilder:validation:MaxLength=7
	// +kubebuilder:validation:XValidation:rule="self.matches('^#[0-9a-fA-F]{6}$')",message="pages.accentColor must be a colour such as #0b57d0"
	AccentColor string `json:"accentColor,omitempty"`

	// logo is shown above the heading, at most 64 pixels high. The server serves it itself: pages load nothing from elsewhere.
	// +optional
	Logo *Logo `json:"logo,omitempty"`

	// signInText is shown above the button of the sign-in page.
	// +optional
	// +kubebuilder:validation:MaxLength=400
	SignInText string `json:"signInText,omitempty"`

	// supportURL is linked from the error page, as where to ask for help: an https or mailto URL.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^(https://[^/?#@ ]+([/?#][!-~]*)?|mailto:[!-~]+@[!-~]+)$')",message="pages.supportURL must be an https or mailto URL"
	SupportURL string `json:"supportURL,omitempty"`
}

// Logo is a picture.
type Logo struct {
	// mediaType of the picture. SVG is left out: it can hold scripts.
	// +required
	// +kubebuilder:validation:Enum=image/png;image/jpeg;image/webp
	MediaType string `json:"mediaType,omitempty"`

	// data is the picture in base64, at most 48 KiB of it.
	// +required
	// +kubebuilder:validation:MinLength=4
	// +kubebuilder:validation:MaxLength=65536
	Data []byte `json:"data,omitempty"`

	// alt is the text that stands for the picture. Unset: the title.
	// +optional
	// +kubebuilder:validation:MaxLength=80
	Alt string `json:"alt,omitempty"`
}

// TokenEndpoint is POST <basePath>/token: for a Google ID token with a nonce of ours, for a code with PKCE, or for a refresh token of
// ours it returns tokens as JSON.
//
// +kubebuilder:validation:XValidation:rule="!has(self.mode) || self.mode == 'Enabled' || !has(self.clientIDs) || size(self.clientIDs) == 0",message="tokenEndpoint.clientIDs has no effect while tokenEndpoint.mode is Disabled: enable it, or remove them"
type TokenEndpoint struct {
	// mode set to Enabled serves the endpoint. Default: Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	Mode Switch `json:"mode,omitempty"`

	// clientIDs are further client IDs of the same Google project, of its Android, iOS and desktop apps, whose ID tokens are
	// accepted. An app that is taken out gets no more tokens for its refresh tokens either; put back, it does. Unset: those of the web
	// client alone.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	ClientIDs []string `json:"clientIDs,omitempty"`

	// refreshTokens set to Enabled gives a refresh token with each access token, so that a client stays signed in within
	// spec.session.idleTimeout and lifetime. Each is used once, for its successor. Disabled: a client whose access token has ended
	// signs in again. Default: Enabled.
	// +optional
	// +kubebuilder:default=Enabled
	RefreshTokens Switch `json:"refreshTokens,omitempty"`
}
