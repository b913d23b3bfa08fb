"""Which host goes to which Service, and what keeps users at a pod, for every kind of edge."""

from __future__ import annotations

import pytest

from holdfast.check.kubernetes.edges import MAX_ROUTES, Edge, Stickiness, routes
from holdfast.check.kubernetes.edges.route import seconds
from holdfast.check.kubernetes.objects import Objects, objects
from holdfast.manifests.yaml import documents


def read(*texts: str):
    found = documents("\n---\n".join(texts).encode(), "edge.yaml")
    return routes(Objects(objects(found)))


SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: {%s}}\n"


def ingress(annotations: str = "", spec: str = "") -> str:
    return f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: live
  annotations: {{{annotations}}}
spec:
  {spec}
  rules:
    - host: shop.example.com
      http:
        paths:
          - {{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}
"""


def test_an_ingress_and_its_older_form():
    (new,) = read(ingress(spec="tls: [{hosts: [shop.example.com], secretName: tls}]"))
    assert (new.host, new.path, new.service, new.port) == (
        "shop.example.com", "/", ("live", "web"), 80,
    )  # fmt: skip
    assert new.tls is True
    assert new.edge is Edge.UNKNOWN
    assert new.place.line == 11
    old = """
apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: {name: shop}
spec:
  backend: {serviceName: other, servicePort: http}
  rules:
    - http: {paths: [{path: /a, backend: {serviceName: web, servicePort: 8080}}, {path: /b}]}
"""
    first, last = read(old)
    assert (first.host, first.path, first.service, first.port) == ("", "/a", ("", "web"), 8080)
    assert (last.path, last.service, last.port) == ("", ("", "other"), "http")
    assert first.tls is None


@pytest.mark.parametrize(
    ("hosts", "tls"),
    [
        ("[]", True),
        ("['*.example.com']", True),
        ("[other.example.com]", None),
        ("[example.com]", None),
    ],
)
def test_tls_covers_a_host(hosts, tls):
    assert read(ingress(spec=f"tls: [{{hosts: {hosts}}}]"))[0].tls is tls


@pytest.mark.parametrize(
    ("annotations", "spec", "edge"),
    [
        ("nginx.ingress.kubernetes.io/affinity: cookie", "", Edge.INGRESS_NGINX),
        ("nginx.org/lb-method: ip_hash", "ingressClassName: nginx", Edge.NGINX_INC),
        ("kubernetes.io/ingress.class: alb", "", Edge.ALB),
        ("nginx.ingress.kubernetes.io/affinity: cookie", "ingressClassName: traefik", Edge.TRAEFIK),
        ("", "ingressClassName: nginx", Edge.UNKNOWN),
        ("nginx.ingress.kubernetes.io/affinity: cookie", "ingressClassName: own", Edge.HAPROXY),
    ],
)
def test_the_controller_of_an_ingress(annotations, spec, edge):
    own = (
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: own}\n"
        "spec: {controller: haproxy.org/ingress-controller/own}\n"
    )
    assert read(ingress(annotations, spec), own)[0].edge is edge


NGINX = "nginx.ingress.kubernetes.io/"
TRAEFIK = "traefik.ingress.kubernetes.io/service.sticky.cookie"
ALB = "alb.ingress.kubernetes.io/target-group-attributes"
NODES = '"alb.ingress.kubernetes.io/target-type": instance'


def persistent(cookie: str, lasts: int) -> str:
    said = {
        "affinity": "cookie",
        "affinity-mode": "persistent",
        "session-cookie-name": cookie,
        "session-cookie-max-age": lasts,
    }
    return ", ".join(f'"{NGINX}{name}": "{value}"' for name, value in said.items())


@pytest.mark.parametrize(
    ("annotations", "spec", "service", "expected"),
    [
        (
            f'"{NGINX}affinity": cookie',
            "",
            "",
            (Stickiness.COOKIE, "INGRESSCOOKIE", None, True, False),
        ),
        (
            persistent("route", 3600),
            "",
            "",
            (Stickiness.COOKIE, "route", 3600, False, False),
        ),
        (
            f'"{NGINX}upstream-hash-by": "$cookie_shop_session"',
            "",
            "",
            (Stickiness.HASH, "shop_session", None, True, False),
        ),
        (
            f'"{NGINX}upstream-hash-by": "$binary_remote_addr"',
            "",
            "",
            (Stickiness.CLIENT_IP, "", None, True, False),
        ),
        (
            '"nginx.com/sticky-cookie-services": "serviceName=web srv_id expires=1h path=/"',
            "",
            "",
            (Stickiness.COOKIE, "srv_id", 3600, False, False),
        ),
        (
            '"nginx.org/lb-method": "hash ${cookie_shop_session} consistent"',
            "",
            "",
            (Stickiness.HASH, "shop_session", None, True, False),
        ),
        (
            '"haproxy.org/cookie-persistence": srv',
            "",
            "",
            (Stickiness.COOKIE, "srv", None, False, False),
        ),
        (
            '"haproxy-ingress.github.io/affinity": cookie',
            "",
            "",
            (Stickiness.COOKIE, "INGRESSCOOKIE", None, False, False),
        ),
        (
            "",
            "ingressClassName: traefik",
            f'"{TRAEFIK}": "true", "{TRAEFIK}.name": at, "{TRAEFIK}.maxage": "60"',
            (Stickiness.COOKIE, "at", 60, False, False),
        ),
        (
            f'"{ALB}": "stickiness.enabled=true,stickiness.lb_cookie.duration_seconds=60", {NODES}',
            "",
            "",
            (Stickiness.COOKIE, "AWSALB", 60, False, True),
        ),
        (
            "",
            "ingressClassName: alb",
            f'"{ALB}": "stickiness.enabled=true,stickiness.type=app_cookie"',
            (Stickiness.COOKIE, "AWSALBAPP", 86400, False, False),
        ),
        (f'"{NGINX}affinity": "true"', "", "", None),
        ("", "ingressClassName: traefik", f'"{TRAEFIK}": "false"', None),
        (f'"{ALB}": "stickiness.enabled=false"', "", "", None),
    ],
)
def test_the_affinity_of_an_ingress(annotations, spec, service, expected):
    found = read(ingress(annotations, spec), SERVICE % service)[0].affinity
    if expected is None:
        assert found is None
        return
    assert (found.kind, found.cookie, found.lifetime, found.moves, found.to_node) == expected
    assert found.by == ("Service web" if service else "Ingress live/shop")
    assert found.place.line == (19 if service else 7)


def test_a_backend_config_of_gke():
    service = SERVICE % "'cloud.google.com/backend-config': '{\"default\": \"sticky\"}'"
    config = """
apiVersion: cloud.google.com/v1
kind: BackendConfig
metadata: {name: sticky}
spec: {sessionAffinity: {affinityType: GENERATED_COOKIE, affinityCookieTtlSec: 50}}
"""
    (route,) = read(ingress(spec="ingressClassName: gce"), service, config)
    assert (route.affinity.cookie, route.affinity.lifetime) == ("GCLB", 50)
    broken = SERVICE % "'cloud.google.com/backend-config': '{'"
    assert read(ingress(spec="ingressClassName: gce"), broken, config)[0].affinity is None


def test_redirects_and_rewrites_of_ingress_nginx():
    tls = "tls: [{}]"
    assert read(ingress(f'"{NGINX}force-ssl-redirect": "true"'))[0].redirects is True
    assert read(ingress(f'"{NGINX}ssl-redirect": "false"', tls))[0].redirects is False
    assert read(ingress(f'"{NGINX}ssl-redirect": "true"'))[0].redirects is False
    assert read(ingress(f'"{NGINX}ssl-passthrough": "true"', tls))[0].tls is False
    (route,) = read(ingress(f'"{NGINX}rewrite-target": /$2, "{NGINX}use-regex": "true"'))
    assert (route.rewrite, route.regex) == ("/$2", True)


GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: any
  listeners:
    - {name: http, port: 80, protocol: HTTP}
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: tls}]}}
"""


def http_route(section: str = "", persistence: str = "sessionName: at, absoluteTimeout: 1h") -> str:
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: shop, namespace: live}}
spec:
  parentRefs: [{{name: edge{section}}}]
  hostnames: [shop.example.com, www.example.com]
  rules:
    - matches: [{{path: {{type: PathPrefix, value: /shop}}}}]
      filters: [{{type: URLRewrite, urlRewrite: {{path: {{replacePrefixMatch: /}}}}}}]
      sessionPersistence: {{{persistence}}}
      backendRefs: [{{name: web, port: 80}}, {{name: web-next, port: 80, weight: 0}}]
"""


def test_an_http_route():
    found = read(http_route(), GATEWAY)
    assert [(r.host, r.service[1], r.weight) for r in found] == [
        ("shop.example.com", "web", 1),
        ("www.example.com", "web", 1),
        ("shop.example.com", "web-next", 0),
        ("www.example.com", "web-next", 0),
    ]
    first = found[0]
    assert (first.path, first.rewrite, first.tls) == ("/shop", "/", True)
    assert (first.affinity.kind, first.affinity.cookie) == (Stickiness.COOKIE, "at")
    assert first.affinity.lifetime == 3600
    assert read(http_route(", sectionName: http"), GATEWAY)[0].tls is None
    assert read(http_route())[0].tls is None
    assert read(http_route("", "cookie: {name: b}"))[0].affinity.cookie == "b"
    assert read(http_route("", "type: Header"))[0].affinity is None


def test_an_ingress_route_of_traefik():
    route = """
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: shop, namespace: live}
spec:
  tls: {}
  routes:
    - match: Host(`a.example.com`, `b.example.com`) && PathPrefix(`/shop`)
      kind: Rule
      middlewares: [{name: strip}, {name: secure}]
      services:
        - {name: web, port: 80, sticky: {cookie: {name: at, maxAge: 60}}, weight: 3}
        - {name: split, kind: TraefikService}
"""
    more = """
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: strip, namespace: live}
spec: {stripPrefix: {prefixes: [/shop]}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: secure, namespace: live}
spec: {redirectScheme: {scheme: https}}
---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: {name: split, namespace: live}
spec: {weighted: {services: [{name: next, port: 80}, {name: split, kind: TraefikService}]}}
"""
    found = read(route, more)
    assert [(r.host, r.service) for r in found] == [
        ("a.example.com", ("live", "web")),
        ("b.example.com", ("live", "web")),
        ("a.example.com", ("live", "next")),
        ("b.example.com", ("live", "next")),
    ]
    first = found[0]
    assert (first.path, first.rewrite, first.tls, first.redirects) == ("/shop", "/", True, True)
    assert (first.affinity.cookie, first.affinity.lifetime, first.weight) == ("at", 60, 3)


ISTIO = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: istio-system}
spec:
  servers:
    - {port: {number: 80, protocol: HTTP}, hosts: ["*"], tls: {httpsRedirect: true}}
    - {port: {number: 443, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: live}
spec:
  hosts: [shop.example.com]
  gateways: [istio-system/edge]
  http:
    - match: [{uri: {prefix: /shop}}]
      rewrite: {uri: /}
      route:
        - {destination: {host: web, port: {number: 80}}, weight: 90}
        - {destination: {host: web-next.live.svc.cluster.local, subset: b}, weight: 10}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: live}
spec:
  host: web.live.svc.cluster.local
  trafficPolicy: {loadBalancer: {consistentHash: {httpCookie: {name: at, ttl: 40s}}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: next, namespace: live}
spec:
  host: web-next
  subsets:
    - {name: a, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x}}}}
    - {name: b, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}
"""


def test_a_virtual_service_of_istio():
    first, second = read(ISTIO)
    assert (first.host, first.path, first.rewrite) == ("shop.example.com", "/shop", "/")
    assert (first.tls, first.redirects, first.weight) == (True, True, 90)
    assert (first.service, second.service) == (("live", "web"), ("live", "web-next"))
    assert (first.affinity.kind, first.affinity.cookie) == (Stickiness.HASH, "at")
    assert first.affinity.lifetime == 40
    assert second.affinity.kind is Stickiness.CLIENT_IP
    assert read(ISTIO.replace("[istio-system/edge]", "[mesh]")) == ()


def test_a_route_of_openshift():
    (route,) = read("""
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: shop, annotations: {router.openshift.io/cookie_name: at}}
spec:
  host: shop.example.com
  to: {kind: Service, name: web}
  port: {targetPort: http}
  tls: {termination: edge, insecureEdgeTerminationPolicy: Redirect}
""")
    assert (route.host, route.service, route.port) == ("shop.example.com", ("", "web"), "http")
    assert (route.tls, route.redirects, route.affinity.cookie) == (True, True, "at")


def test_a_service_that_is_reached_by_itself():
    text = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  sessionAffinity: ClientIP
  ports: [{port: 80}]
"""
    (route,) = read(text)
    assert (route.edge, route.port, route.affinity.lifetime) == (Edge.SERVICE, 80, 10800)
    assert read(text.replace("type: LoadBalancer", "type: ClusterIP")) == ()


@pytest.mark.parametrize(
    ("written", "expected"),
    [(90, 90), ("90", 90), ("1h30m", 5400), ("40s", 40), ("500ms", 0), ("1d", 86400),
     ("", None), ("-1", None), ("soon", None), (True, None), (None, None), ("1h!", None)],
)  # fmt: skip
def test_a_length_of_time(written, expected):
    assert seconds(written) == expected


def test_hosts_times_rules_have_an_end():
    hosts = ", ".join(f"h{n}.example.com" for n in range(2000))
    rules = "- {route: [{destination: {host: web}}]}\n    " * 2000
    text = f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: many}}
spec:
  hosts: [{hosts}]
  gateways: [edge]
  http:
    {rules}
"""
    assert len(read(text)) == MAX_ROUTES


@pytest.mark.parametrize(
    "kind",
    ["networking.k8s.io/v1 Ingress", "gateway.networking.k8s.io/v1 HTTPRoute",
     "traefik.io/v1alpha1 IngressRoute", "networking.istio.io/v1 VirtualService",
     "route.openshift.io/v1 Route", "v1 Service"],
)  # fmt: skip
@pytest.mark.parametrize(
    "spec",
    ["1", "[]", "{}", "{rules: 3, hosts: {}, to: [], routes: [1, [], {services: [2]}]}",
     "{rules: [{http: {paths: [{backend: []}]}, backendRefs: [3], matches: {}, host: []}]}",
     "{type: LoadBalancer, ports: [1], gateways: [{}, a], hosts: [1], http: [{route: [1]}]}"],
)  # fmt: skip
def test_what_is_shaped_otherwise_does_no_harm(kind, spec):
    version, name = kind.split()
    read(f"apiVersion: {version}\nkind: {name}\nmetadata: {{name: a}}\nspec: {spec}\n")
