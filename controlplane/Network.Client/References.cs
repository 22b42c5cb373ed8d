using k8s;
using k8s.Models;

namespace Network.Client;

/// <summary>References from one object to another.</summary>
public static class References
{
    /// <summary>A reference for events; <paramref name="fieldPath"/> names a part such as <c>spec.containers{web}</c>.</summary>
    public static V1ObjectReference To<T>(Resource<T> resource, T obj, string? fieldPath = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => new()
        {
            ApiVersion = resource.ApiVersion,
            Kind = resource.Kind,
            NamespaceProperty = obj.Metadata.NamespaceProperty,
            Name = obj.Metadata.Name,
            Uid = obj.Metadata.Uid,
            ResourceVersion = obj.Metadata.ResourceVersion,
            FieldPath = fieldPath,
        };

    /// <summary>An owner reference that makes the owner the one controller of the object.</summary>
    public static V1OwnerReference ControllerOf<T>(Resource<T> resource, T owner)
        where T : class, IKubernetesObject<V1ObjectMeta> => new()
        {
            ApiVersion = resource.ApiVersion,
            Kind = resource.Kind,
            Name = owner.Metadata.Name,
            Uid = owner.Metadata.Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };

    public static V1OwnerReference? ControllerOwner(V1ObjectMeta meta) => meta.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);
}
