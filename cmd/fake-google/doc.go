// Command fake-google serves a stand-in for Google's sign-in: for the demo, for a cluster without a Google project, for tests
// across processes. No password is asked, so it must never face the internet.
//
// Every flag has an environment variable: FAKE_GOOGLE_ and the flag's name in capitals, with _ for -. The client secret has no
// flag, since command lines can be read by everyone on a machine: it comes from --client-secret-file or from
// FAKE_GOOGLE_CLIENT_SECRET. FAKE_GOOGLE_SECOND_CLIENT_SECRET is good beside it, as while a client's secret is changed.
//
// Browsers and servers often reach it by different names. --issuer is what servers call and what tokens say, --browser-url is
// where users are sent:
//
//	fake-google --issuer http://fake-google.demo.svc:9000 --browser-url http://localhost:9000
//
// Its accounts are Ann and Bob of example.com and a stranger with a personal account, or those of a YAML or JSON file:
//
//	accounts:
//	- {email: ann@example.com, sub: "110000000000000000001", name: Ann Example, hd: example.com}
package main
