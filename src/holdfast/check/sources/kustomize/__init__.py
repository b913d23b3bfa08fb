"""Objects as ``kubectl kustomize`` would build them, each value with the file that it comes from.

Done here: resources, bases, components, patches (strategic merge, JSON 6902), generators of
ConfigMaps and Secrets, images, replicas, namespace, labels, annotations. Names stay without prefix,
suffix and hash: nothing judged depends on them. Whatever else may change objects (transformers,
replacements, charts, remote bases) is not guessed: such a kustomization is not judged.
"""
