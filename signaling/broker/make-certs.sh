#!/bin/sh
# Makes a private CA, a broker certificate for localhost and 127.0.0.1, and a device's client certificate (its common
# name is the device id): for the demo, for tests, and as an example. All keys are EC P-256, mode 0600.
# Refuses to overwrite anything. Needs openssl only.
set -eu

usage="usage: make-certs.sh OUTDIR DEVICE_ID [DAYS]   (DAYS: of the broker and the device, default 825)"
[ $# -ge 2 ] && [ $# -le 3 ] || { echo "$usage" >&2; exit 2; }
out=$1
device=$2
days=${3:-825}
case $device in
    '' | -* | *- | *[!a-z0-9-]*) echo "make-certs.sh: '$device' is no device id: a-z, 0-9 and inner hyphens" >&2; exit 2 ;;
esac
[ ${#device} -le 64 ] || { echo "make-certs.sh: a device id has at most 64 characters" >&2; exit 2; }
case $days in
    '' | *[!0-9]*) echo "$usage" >&2; exit 2 ;;
esac
umask 077
mkdir -p -- "$out"
for f in ca.key ca.crt broker.key broker.crt "$device.key" "$device.crt"; do
    if [ -e "$out/$f" ]; then
        echo "make-certs.sh: $out/$f exists; nothing was changed" >&2
        exit 1
    fi
done
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# request NAME SUBJECT
request() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" \
        -keyout "$work/$1.key" -out "$work/$1.csr" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}

# sign NAME (extensions on stdin)
sign() {
    openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -set_serial "0x$(openssl rand -hex 16)" \
        -days "$days" -sha256 -extfile /dev/stdin -out "$work/$1.crt" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}

request ca "/CN=Oriel private CA"
openssl x509 -req -in "$work/ca.csr" -signkey "$work/ca.key" -days 3650 -sha256 -extfile /dev/stdin \
    -out "$work/ca.crt" 2>"$work/log" <<EOF || { cat "$work/log" >&2; exit 1; }
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
EOF

request broker "/CN=localhost"
sign broker <<EOF
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1
EOF

request device "/CN=$device"
sign device <<EOF
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=clientAuth
EOF

mv "$work/ca.key" "$work/ca.crt" "$work/broker.key" "$work/broker.crt" "$out/"
mv "$work/device.key" "$out/$device.key"
mv "$work/device.crt" "$out/$device.crt"
