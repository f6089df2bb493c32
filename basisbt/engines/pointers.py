"""Pointers: how compiled code reads a field of `Rules`, `Book` or `Tape` through one pointer.

Numba passes a tuple of arrays field by field, some thousand numbers a call, and a structref only with reference
counting. This is the third way: the fields lie in a structref that Python owns, and core, compiled without reference
counting, gets its bare address. What is loaded from there never changes while a path runs (arrays are written, never
replaced), and the loads say so: the optimiser keeps addresses in registers as if they had been passed.

Knows Numba's extension interface. Whoever hands out an address keeps the owner alive.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, models, register_model


class Address(types.Type):
    """The bare address of a structref's fields."""

    def __init__(self, owner):
        self.owner = owner
        super().__init__(f"Address({owner})")

    @property
    def key(self):
        """Two addresses are of one type where their owners are."""
        return self.owner


@register_model(Address)
class AddressModel(models.PrimitiveModel):
    """A pointer without a type."""

    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, ir.IntType(8).as_pointer())


@infer_getattr
class AddressFields(AttributeTemplate):
    """A field has the type it has in the owner."""

    key = Address

    def generic_resolve(self, address, field):
        """The type of `address.field`, None where there is none."""
        return address.owner.field_dict.get(field)


@lower_getattr_generic(Address)
def load_field(context, builder, address, value, field):
    """Code for `address.field`."""
    layout = address.owner.get_data_type()
    fields = builder.bitcast(value, context.get_value_type(layout).as_pointer())
    number = context.data_model_manager[layout].get_field_position(field)
    place = cgutils.gep_inbounds(builder, fields, 0, number)
    return load_fixed(builder, place)


def load_fixed(builder, place):
    """Load what lies at `place`, number by number, each marked as never changing."""
    kind = place.type.pointee
    if not isinstance(kind, (ir.LiteralStructType, ir.ArrayType)):
        number = builder.load(place)
        number.set_metadata("invariant.load", builder.module.add_metadata([]))
        return number
    whole, count = ir.Constant(kind, ir.Undefined), len(kind.elements) if hasattr(kind, "elements") else kind.count
    for k in range(count):
        whole = builder.insert_value(whole, load_fixed(builder, cgutils.gep_inbounds(builder, place, 0, k)), k)
    return whole


@intrinsic
def address_of(typing_context, owner):
    """The address of a structref's fields."""

    def generate(context, builder, signature, arguments):
        inside = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=arguments[0])
        return context.nrt.meminfo_data(builder, inside.meminfo)

    return Address(owner)(owner), generate
