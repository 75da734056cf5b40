# The image of one of the programs, for those who build with a container engine; `make images` needs none.
#   docker build --build-arg PROGRAM=manager -t googlelogin-manager .
#   docker build --build-arg PROGRAM=server -t googlelogin-server .
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG PROGRAM=manager VERSION=dev TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY cmd cmd
COPY controllers controllers
COPY server server
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/program "./cmd/$PROGRAM"

# Nothing but the program: Google's root certificates are compiled in, and it writes only to volumes.
FROM scratch
COPY --from=build /out/program /program
USER 65532:65532
ENTRYPOINT ["/program"]
