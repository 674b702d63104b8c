"""The classes of CIFAR-100 (Krizhevsky, 2009) and the superclasses that they belong to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# As https://www.cs.toronto.edu/~kriz/cifar.html lists them; either are numbered by the alphabet.
SUPERCLASSES = {
    "aquatic_mammals": ("beaver", "dolphin", "otter", "seal", "whale"),
    "fish": ("aquarium_fish", "flatfish", "ray", "shark", "trout"),
    "flowers": ("orchid", "poppy", "rose", "sunflower", "tulip"),
    "food_containers": ("bottle", "bowl", "can", "cup", "plate"),
    "fruit_and_vegetables": ("apple", "mushroom", "orange", "pear", "sweet_pepper"),
    "household_electrical_devices": ("clock", "keyboard", "lamp", "telephone", "television"),
    "household_furniture": ("bed", "chair", "couch", "table", "wardrobe"),
    "insects": ("bee", "beetle", "butterfly", "caterpillar", "cockroach"),
    "large_carnivores": ("bear", "leopard", "lion", "tiger", "wolf"),
    "large_man-made_outdoor_things": ("bridge", "castle", "house", "road", "skyscraper"),
    "large_natural_outdoor_scenes": ("cloud", "forest", "mountain", "plain", "sea"),
    "large_omnivores_and_herbivores": ("camel", "cattle", "chimpanzee", "elephant", "kangaroo"),
    "medium_mammals": ("fox", "porcupine", "possum", "raccoon", "skunk"),
    "non-insect_invertebrates": ("crab", "lobster", "snail", "spider", "worm"),
    "people": ("baby", "boy", "girl", "man", "woman"),
    "reptiles": ("crocodile", "dinosaur", "lizard", "snake", "turtle"),
    "small_mammals": ("hamster", "mouse", "rabbit", "shrew", "squirrel"),
    "trees": ("maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"),
    "vehicles_1": ("bicycle", "bus", "motorcycle", "pickup_truck", "train"),
    "vehicles_2": ("lawn_mower", "rocket", "streetcar", "tank", "tractor"),
}
FINE = tuple(sorted(name for names in SUPERCLASSES.values() for name in names))
COARSE = tuple(sorted(SUPERCLASSES))


def superclasses(labels: NDArray[Any]) -> NDArray[np.int32]:
    """The superclass of each class.

    Examples:
        >>> superclasses(np.array([FINE.index("apple"), FINE.index("worm")], np.int32)).tolist()
        [4, 13]
    """
    of = {name: COARSE.index(coarse) for coarse, names in SUPERCLASSES.items() for name in names}
    coarse: NDArray[np.int32] = np.array([of[name] for name in FINE], np.int32)[labels]
    return coarse
